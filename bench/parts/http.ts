/** `/pay`, `/notify` and `/result` over HTTP: the real Worker beside two bare Workers, and beside Koa with tenpay. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { captureWay, type Phase } from '../http/capture.ts'
import { openClient } from '../http/client.ts'
import {
  bareWorker,
  type Contender,
  koaName,
  koaShop,
  realWorker,
  threeStatements,
} from '../http/contenders.ts'
import { CONNECTIONS, newOrders, play, type Sample } from '../http/play.ts'
import { startWechat } from '../http/processes.ts'
import { bundleWorker } from '../lib/bundle.ts'
import { inFolder } from '../lib/folder.ts'
import type { Context, Part } from '../lib/part.ts'
import { installPeers } from '../lib/peers.ts'
import { alternate, digits, median, quantile, ratioOf, type Samples } from '../lib/rounds.ts'

const TITLES: Readonly<Partial<Record<Phase, string>>> = {
  notify: '/notify, fresh',
  notifyAgain: '/notify, duplicate',
  pay: '/pay, first',
  payAgain: '/pay, again',
  result: '/result',
}

/**
 * The figures of one contender. `throughput`: our requests per second by the contender's, in the same round; above 1 we
 * answer more. `cpu`: the contender's CPU time by ours; above 1 we need less. The latter hardly depends on what else runs.
 */
export type HttpFigure = Readonly<{
  throughput: number
  cpu: number
  requestsPerSecond: number
  p50Ms: number
  p99Ms: number
  cpuMs: number
}>
export type HttpResult = Readonly<{
  connections: number
  requests: number
  rounds: number
  phases: Readonly<Record<string, Readonly<Record<string, HttpFigure>>>>
}>

/** The names of the contenders; ours comes first. */
export const OURS = 'wxpay-edge'
export const SAME_BATCH = 'bare Worker, same batch'
export const THREE = 'bare Worker, three statements'

type PhaseSamples = Readonly<Partial<Record<Phase, Sample>>>

export const http: Part<HttpResult> = {
  name: 'http',
  about: '/pay, /notify and /result over HTTP, against bare Workers and Koa with tenpay',
  async run(context) {
    installPeers(context.progress)
    return inFolder((folder) => measure(folder, context))
  },
  tables: ({ phases, connections, requests, rounds }) =>
    Object.entries(phases).map(([title, contenders]) => ({
      title: `${title}: ${rounds} rounds of ${requests} requests, ${connections} at once`,
      head: ['', 'ours × throughput', 'ours × CPU', 'requests/s', 'p50 ms', 'p99 ms', 'CPU ms'],
      rows: Object.entries(contenders).map(([name, figure]) => [
        name,
        ...[
          figure.throughput,
          figure.cpu,
          figure.requestsPerSecond,
          figure.p50Ms,
          figure.p99Ms,
          figure.cpuMs,
        ].map(String),
      ]),
    })),
}

async function measure(folder: string, context: Context): Promise<HttpResult> {
  const [rounds, requests] = context.quick ? [15, 96] : [41, 240]
  const running: { stop: () => Promise<void> }[] = []
  const kept = async <T extends { stop: () => Promise<void> }>(
    starting: Promise<T>,
  ): Promise<T> => {
    const started = await starting
    running.push(started)
    return started
  }
  const folderOf = (name: string): string => {
    const path = join(folder, name)
    mkdirSync(path)
    return path
  }
  try {
    context.progress('bundling the Worker, starting three Workers, the simulated WeChat and Koa')
    const { modules } = await bundleWorker(folderOf('bundle'))
    const way = await captureWay()
    const wechat = await kept(startWechat())
    const { origin } = wechat
    const contenders: Record<string, Contender> = {
      [OURS]: await kept(realWorker(modules, origin, folderOf('ours'))),
      [SAME_BATCH]: await kept(bareWorker(way, origin, folderOf('bare'))),
      [THREE]: await kept(bareWorker(threeStatements(way), origin, folderOf('three'), ['notify'])),
      [koaName()]: await kept(koaShop(origin, folderOf('koa'))),
    }
    const logins = openClient(origin, CONNECTIONS)
    const playing = (count: number) =>
      Object.fromEntries(
        Object.entries(contenders).map(([name, contender]) => [
          name,
          async () => play(contender, await newOrders(count, logins)),
        ]),
      )
    await alternate(playing(requests), 2, context, 'warming up')
    const samples = await alternate(playing(requests), rounds, context, 'HTTP')
    logins.close()
    return { connections: CONNECTIONS, requests, rounds, phases: figuresOf(samples) }
  } finally {
    for (const each of running.toReversed()) await each.stop()
  }
}

/** The figures of each phase and contender. */
export function figuresOf(samples: Samples<string, PhaseSamples>): HttpResult['phases'] {
  const phases: Record<string, Record<string, HttpFigure>> = {}
  for (const [phase, title] of Object.entries(TITLES) as [Phase, string][]) {
    const of = (name: string): readonly Sample[] =>
      (samples[name] ?? []).flatMap((round) => round[phase] ?? [])
    const ours = of(Object.keys(samples)[0] ?? '')
    const figures = (phases[title] = {} as Record<string, HttpFigure>)
    for (const name of Object.keys(samples)) {
      const rounds = of(name)
      if (rounds.length === 0) continue
      const rates = rounds.map((sample) => sample.requestsPerSecond)
      const latencies = rounds.flatMap((sample) => sample.latenciesMs).toSorted((a, b) => a - b)
      figures[name] = {
        throughput: digits(
          ratioOf(
            ours.map((sample) => sample.requestsPerSecond),
            rates,
          ),
        ),
        cpu: digits(
          ratioOf(
            rounds.map((sample) => sample.cpuMs),
            ours.map((sample) => sample.cpuMs),
          ),
        ),
        requestsPerSecond: digits(median(rates)),
        p50Ms: digits(quantile(latencies, 0.5)),
        p99Ms: digits(quantile(latencies, 0.99)),
        cpuMs: digits(median(rounds.map((sample) => sample.cpuMs))),
      }
    }
  }
  return phases
}
