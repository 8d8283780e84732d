/** Everything on one machine: the simulated WeChat, a migrated local D1, the Worker, and the cron that nobody else fires. */
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { DEMO_MERCHANT } from '../../simulator/server/demo-merchant.ts'
import { type RunningServer, start as startWechat } from '../../simulator/server/start.ts'
import { CliError } from '../cli/command.ts'
import { call, type Call } from '../client/http-call.ts'
import { DEMO_TOKEN } from '../client/shop-client.ts'
import type { CertificateBinding, DevWorkerOptions } from './dev-worker.ts'
import { freePort } from './ports.ts'
import { type WorkerLine, workerLineReader } from './worker-log.ts'
import { ROOT, spawnWorker, type WorkerProcess } from './worker-process.ts'

const READY_MS = 60_000
const TAIL_LINES = 20

export type StackOptions = {
  /** Where D1 is kept. A second start on it finds the orders of the first; two at a time break each other. */
  persistDir: string
  /** Default: any free port. */
  workerPort?: number
  wechatPort?: number
  /** Variables of the Worker beside the demo merchant's. */
  vars?: Readonly<Record<string, string>>
  /** Whether the Worker has WX_CERT, which shows WeChat the merchant's certificate. Default: it has. */
  certificate?: boolean
  /** Runs the code again whenever it changes. Default: it does not. */
  watch?: boolean
  /** Another Worker than src/worker.ts, with the same bindings. */
  main?: string
  onWorkerLine?: (line: WorkerLine) => void
  onWechatLine?: (line: string) => void
  /** Gives up starting, and leaves nothing behind. */
  signal?: AbortSignal
}

export type Stack = {
  workerOrigin: string
  wechat: RunningServer
  merchantToken: string
  /** One call of the merchant's API. Rejects when the status is not 2xx's `status`, default 200. */
  shop: <T>(method: Call['method'], path: string, more?: Partial<Call>) => Promise<T>
  /** Fires the cron and waits for it. Default: WeChat's clock, so that advancing it takes the Worker along. */
  cron: (atMs?: number) => Promise<void>
  /** Resolves with a sentence and its last lines when the Worker ends without being asked to. */
  died: Promise<string>
  /** The Worker's last lines, for a report. */
  tail: () => string
  /** Ends everything; twice is once. */
  stop: () => Promise<void>
}

export async function startStack(options: StackOptions): Promise<Stack> {
  const { persistDir, signal, onWechatLine } = options
  const worker = openWorker(persistDir, options.onWorkerLine ?? (() => {}))
  let wechat: RunningServer | undefined
  let stopping: Promise<void> | undefined
  // The Worker first: without its WeChat it would complain.
  const stop = () => (stopping ??= worker.stop().then(() => wechat?.close()))

  try {
    const port = options.workerPort ?? (await freePort())
    const workerOrigin = `http://127.0.0.1:${port}`
    wechat = await startWechat({
      port: options.wechatPort ?? 0,
      ...(onWechatLine === undefined ? {} : { log: onWechatLine }),
    })
    const { clock, origin, secure } = wechat
    const run: DevWorkerOptions = {
      config: join(ROOT, 'wrangler.toml'),
      main: options.main,
      port,
      persistDir,
      migrationsDir: join(ROOT, 'src', 'store', 'migrations'),
      vars: { ...demoVars(workerOrigin, origin), ...options.vars },
      certificate: options.certificate === false ? undefined : certificateBinding(secure),
      watch: options.watch ?? false,
    }
    await Promise.race([untilReady(worker, run, workerOrigin), aborted(signal)])

    const died = worker.exited.then(
      (code) => `The Worker ended by itself (exit ${code ?? 'by a signal'}):\n${worker.tail()}`,
    )
    return {
      workerOrigin,
      wechat,
      merchantToken: DEMO_TOKEN,
      shop: (method, path, more) =>
        call({ method, url: `${workerOrigin}${path}`, token: DEMO_TOKEN, ...more }),
      cron: (atMs = clock.now()) => fireCron(workerOrigin, atMs),
      died,
      tail: worker.tail,
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

type LoggedWorker = WorkerProcess & { tail: () => string }

/** It loads while WeChat starts. */
function openWorker(persistDir: string, onLine: (line: WorkerLine) => void): LoggedWorker {
  const readers = { stdout: workerLineReader(), stderr: workerLineReader() }
  const told: string[] = []
  const worker = spawnWorker(persistDir, (raw, stream) => {
    const line = readers[stream](raw)
    if (line.kind !== 'noise') told.push(raw)
    if (told.length > TAIL_LINES) told.shift()
    onLine(line)
  })
  return { ...worker, tail: () => told.join('\n') }
}

function certificateBinding(secure: RunningServer['secure']): CertificateBinding {
  const { hostname, host } = new URL(secure.origin)
  const { authority, clientCertificate } = secure
  return { address: host, serverName: hostname, authority, ...clientCertificate }
}

function demoVars(worker: string, wechat: string): Record<string, string> {
  return {
    WX_APPID: DEMO_MERCHANT.appid,
    WX_MCH_ID: DEMO_MERCHANT.mchId,
    WX_API_KEY: DEMO_MERCHANT.apiKey,
    WX_APP_SECRET: DEMO_MERCHANT.appSecret,
    MERCHANT_TOKEN: DEMO_TOKEN,
    PUBLIC_URL: worker,
    WX_LOGIN_ORIGIN: wechat,
    WX_PAY_ORIGIN: wechat,
    WX_PAY_ORIGIN_BACKUP: wechat,
  }
}

async function untilReady(
  worker: LoggedWorker,
  options: DevWorkerOptions,
  origin: string,
): Promise<void> {
  const tooLate = sleep(READY_MS, 'late' as const, { ref: false })
  const report = await Promise.race([worker.run(options), tooLate])
  if (report === 'late') {
    const limit = `${READY_MS / 1_000} seconds`
    throw new CliError(`The Worker is not ready after ${limit}:\n${worker.tail()}`)
  }
  if (!report.ok) {
    // wrangler may have said more. Once it has ended, all of it is here.
    await worker.stop()
    throw new CliError(`The Worker did not start:\n${report.why}\n${worker.tail()}`.trimEnd())
  }
  const response = await fetch(`${origin}/health`, { signal: AbortSignal.timeout(READY_MS) })
  await response.body?.cancel()
  // 503 is well: no cron ever ran on a new database.
  if (response.status === 500) {
    await worker.stop()
    throw new CliError(`The Worker is misconfigured:\n${worker.tail()}`)
  }
}

/** What the platform does every minute in production. */
async function fireCron(origin: string, atMs: number): Promise<void> {
  const query = `cron=*+*+*+*+*&time=${Math.floor(atMs)}&format=json`
  const url = `${origin}/cdn-cgi/handler/scheduled?${query}`
  const { outcome } = await call<{ outcome: string }>({ method: 'GET', url })
  if (outcome !== 'ok') throw new CliError(`The cron ended with "${outcome}" instead of "ok".`)
}

/** Never resolves. */
function aborted(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_, reject) => {
    if (signal?.aborted === true) reject(signal.reason)
    signal?.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}
