/** The same requests and the same run of the cron with few and with many orders stored. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { FILL, TAKEN_UP } from '../../testing/d1/large-database.ts'
import { watchDatabase } from '../../testing/d1/watched-database.ts'
import { openClient } from '../http/client.ts'
import { type Contender, realWorker } from '../http/contenders.ts'
import { CONNECTIONS, newOrders, play } from '../http/play.ts'
import { startWechat } from '../http/processes.ts'
import { bundleWorker } from '../lib/bundle.ts'
import { inFolder } from '../lib/folder.ts'
import type { Context, Part } from '../lib/part.ts'
import { alternate } from '../lib/rounds.ts'
import { fillDatabase, type RunningWorker } from '../lib/workerd.ts'
import { openWorld } from '../lib/world.ts'
import { figuresOf, type HttpFigure } from './http.ts'

const SMALL = 1_000
const DUE = 10

/** `throughput` and `cpu` of a figure compare the smallest database with this one. */
export type LargeResult = Readonly<{
  phases: Readonly<Record<string, Readonly<Record<string, HttpFigure>>>>
  /** The rows that a run of the cron reads and writes, by orders stored. */
  ticks: Readonly<Record<string, Readonly<{ idle: number; due: number; written: number }>>>
  /** The size of each database, in MB. */
  megabytes: Readonly<Record<string, number>>
}>

export const large: Part<LargeResult> = {
  name: 'large',
  about: 'the same requests, and a run of the cron, with few and with many orders stored',
  run: (context) => inFolder((folder) => measure(folder, context)),
  tables: ({ phases, ticks, megabytes }) => [
    ...Object.entries(phases).map(([title, sizes]) => ({
      title: `${title}, by orders stored: the smallest database compared with the others`,
      head: ['orders', '× throughput', '× CPU', 'requests/s', 'p50 ms', 'p99 ms', 'CPU ms'],
      rows: Object.entries(sizes).map(([size, figure]) => [
        size,
        ...Object.values(figure).map(String),
      ]),
    })),
    {
      title: `Rows of a run of the cron, by orders stored: nothing due, and ${DUE} attempts due`,
      head: ['orders', 'MB', 'read, nothing due', `read, ${DUE} due`, `written, ${DUE} due`],
      rows: Object.entries(ticks).map(([size, { idle, due, written }]) =>
        [size, megabytes[size], idle, due, written].map(String),
      ),
    },
  ],
}

async function measure(folder: string, context: Context): Promise<LargeResult> {
  const [rounds, requests] = context.quick ? [15, 48] : [41, 120]
  const sizes = [...new Set([SMALL, Math.min(100_000, context.orders), context.orders])]
  const running: { stop: () => Promise<void> }[] = []
  try {
    const bundle = join(folder, 'bundle')
    mkdirSync(bundle)
    const { modules } = await bundleWorker(bundle)
    const wechat = await startWechat()
    running.push(wechat)
    const contenders: Record<string, Contender> = {}
    const workers: Record<string, RunningWorker> = {}
    for (const size of sizes) {
      const path = join(folder, String(size))
      mkdirSync(path)
      context.progress(`filling D1 with ${size} orders`)
      await fillDatabase(path, filling(size))
      context.interrupted.throwIfAborted()
      const started = await realWorker(modules, wechat.origin, path, 'as_it_is')
      running.push(started)
      contenders[size] = started
      workers[size] = started.worker
    }
    const logins = openClient(wechat.origin, CONNECTIONS)
    const playing = Object.fromEntries(
      Object.entries(contenders).map(([size, contender]) => [
        size,
        async () => play(contender, await newOrders(requests, logins)),
      ]),
    )
    await alternate(playing, 2, context, 'warming up')
    const phases = figuresOf(await alternate(playing, rounds, context, 'by orders stored'))
    logins.close()

    const ticks: Record<string, { idle: number; due: number; written: number }> = {}
    const megabytes: Record<string, number> = {}
    for (const [size, { db }] of Object.entries(workers)) {
      context.progress(`a run of the cron with ${size} orders stored`)
      ticks[size] = await measureTick(db)
      const { meta } = await db.prepare('SELECT 1').run()
      megabytes[size] = Math.round(meta.size_after / 1e6)
    }
    return { phases, ticks, megabytes }
  } finally {
    for (const each of running.toReversed()) await each.stop()
  }
}

/** Orders of two years ago, of which the cron has deleted what it deletes. No run works on the bill of a day. */
const filling = (orders: number) => [
  ...[...FILL, TAKEN_UP].map((sql) => ({ sql, values: [orders] })),
  ...[
    "DELETE FROM deliveries WHERE state = 'delivered'",
    'DELETE FROM runs',
    "INSERT INTO bills (day, state, counts) VALUES (date('now', '+8 hours', '-1 day'), 'reconciled', '{}')",
  ].map((sql) => ({ sql, values: [] })),
]

async function measureTick(db: D1Database): Promise<LargeResult['ticks'][string]> {
  const watched = watchDatabase(db)
  const world = openWorld(watched.db, { PLAN: 'paid' }, Date.now())
  // What the requests before have left is closed or asked about, so that nothing of it is due.
  await db.prepare('UPDATE attempts SET due_at = NULL').run()
  await db.prepare('UPDATE orders SET due_at = NULL').run()
  // The first runs take up the webhooks of the requests before.
  for (let run = 0; run < 3; run++) {
    world.advance(60)
    await world.run()
  }
  world.advance(60)
  watched.reset()
  await world.run()
  const idle = watched.rowsRead()
  await world.abandon(DUE)
  world.advance(60)
  watched.reset()
  const { calls } = await world.run()
  if (calls !== DUE) throw new Error(`${calls} calls for ${DUE} attempts that are due`)
  return { idle, due: watched.rowsRead(), written: watched.rowsWritten() }
}
