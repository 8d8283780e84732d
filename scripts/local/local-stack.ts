/** Starts the whole system on this machine: the simulated WeChat, a migrated local D1 and the Worker. */
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { DEMO_MERCHANT } from '../../simulator/server/demo-merchant.ts'
import { type RunningServer, start as startWechat } from '../../simulator/server/start.ts'
import { variables } from '../../src/config.ts'
import { CliError } from '../cli/command.ts'
import { call, type Call } from '../client/http-call.ts'
import { DEMO_TOKEN } from '../client/shop-client.ts'
import type { CertificateBinding, DevWorkerOptions } from './dev-worker.ts'
import { freePort } from './ports.ts'
import { type WorkerLine, workerLineReader } from './worker-log.ts'
import { ROOT, spawnWorker, type WorkerProcess } from './worker-process.ts'

const READY_MS = 60_000
const TAIL_LINES = 20

/** How to start a stack. Only `persistDir` is required. */
export type StackOptions = {
  /**
   * The directory in which D1 is stored. A later start with the same directory finds its orders. Two stacks must
   * not use one directory concurrently.
   */
  persistDir: string
  /** The Worker's port. Default: a free port. */
  workerPort?: number
  /** The simulated WeChat's port. Default: a free port. */
  wechatPort?: number
  /** Variables of the Worker in addition to the demo merchant's. */
  vars?: Readonly<Record<string, string>>
  /** Whether the Worker has WX_CERT, which presents the merchant's certificate to WeChat. Default: true. */
  certificate?: boolean
  /** Whether the Worker reloads when its code changes. Default: false. */
  watch?: boolean
  /** The path of the Worker's entry file. Default: src/worker.ts. */
  main?: string
  onWorkerLine?: (line: WorkerLine) => void
  onWechatLine?: (line: string) => void
  /** When the signal aborts during the start, `startStack` stops what is already running, and rejects. */
  signal?: AbortSignal
}

/** A running Worker and a running simulated WeChat, connected to each other. */
export type Stack = {
  workerOrigin: string
  wechat: RunningServer
  merchantToken: string
  /** Calls the Worker's merchant API. Rejects when the answer does not have the status `more.status`, default 200. */
  shop: <T>(method: Call['method'], path: string, more?: Partial<Call>) => Promise<T>
  /**
   * Runs the cron once and waits for its end.
   *
   * @param atMs The time that the run sees. Default: the simulated WeChat's time, so that both clocks agree.
   */
  cron: (atMs?: number) => Promise<void>
  /** Resolves when the Worker's process ends, with a message that includes its last log lines. */
  died: Promise<string>
  /** Returns the Worker's last log lines, for an error message. */
  tail: () => string
  /** Stops the Worker and the simulated WeChat. A second call has no further effect. */
  stop: () => Promise<void>
}

/** Starts a stack, and resolves when the Worker answers. @throws CliError when the Worker does not start. */
export async function startStack(options: StackOptions): Promise<Stack> {
  const { persistDir, signal, onWechatLine } = options
  const worker = openWorker(persistDir, options.onWorkerLine ?? (() => {}))
  let wechat: RunningServer | undefined
  let stopping: Promise<void> | undefined
  // The Worker stops before the simulated WeChat, because without WeChat it would log errors.
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
      vars: { ...noVars(), ...demoVars(workerOrigin, origin), ...options.vars },
      certificate: options.certificate === false ? undefined : certificateBinding(secure),
      watch: options.watch ?? false,
    }
    await Promise.race([untilReady(worker, run, workerOrigin), aborted(signal)])

    const died = worker.exited.then(
      (code) =>
        `The Worker ended unexpectedly (${code === null ? 'by a signal' : `exit code ${code}`}):\n${worker.tail()}`,
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

/**
 * Starts the Worker's process, which loads wrangler while the simulated WeChat starts, and keeps the process's last
 * log lines for `tail`.
 */
function openWorker(persistDir: string, onLine: (line: WorkerLine) => void): LoggedWorker {
  const readers = { stdout: workerLineReader(), stderr: workerLineReader() }
  const lines: string[] = []
  const worker = spawnWorker(persistDir, (raw, stream) => {
    const line = readers[stream](raw)
    if (line.kind !== 'noise') lines.push(raw)
    if (lines.length > TAIL_LINES) lines.shift()
    onLine(line)
  })
  return { ...worker, tail: () => lines.join('\n') }
}

function certificateBinding(secure: RunningServer['secure']): CertificateBinding {
  const { hostname, host } = new URL(secure.origin)
  const { authority, clientCertificate } = secure
  return { address: host, serverName: hostname, authority, ...clientCertificate }
}

/** An empty value for every variable, so that those that stand in wrangler.toml for a real shop are not used. */
const noVars = (): Record<string, string> =>
  Object.fromEntries(variables().map(({ name }) => [name, '']))

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

/** Runs the Worker, and resolves when it answers. @throws CliError with the reason and the Worker's last log lines. */
async function untilReady(
  worker: LoggedWorker,
  options: DevWorkerOptions,
  origin: string,
): Promise<void> {
  const tooLate = sleep(READY_MS, 'late' as const, { ref: false })
  const report = await Promise.race([worker.run(options), tooLate])
  if (report === 'late') {
    const limit = `${READY_MS / 1_000} seconds`
    throw new CliError(`The Worker was not ready after ${limit}:\n${worker.tail()}`)
  }
  if (!report.ok) {
    // When wrangler reports a failed start, its last output may still be unread. `stop` waits until all output has been
    // read, so that the error message contains it.
    await worker.stop()
    throw new CliError(`The Worker did not start:\n${report.why}\n${worker.tail()}`.trimEnd())
  }
  // Not /health: its answer is kept for ten seconds, and on a new database it is 503 until the cron has run. Without a
  // token this path is 401; 500 means that the configuration is wrong.
  const response = await fetch(`${origin}/orders`, { signal: AbortSignal.timeout(READY_MS) })
  await response.body?.cancel()
  if (response.status === 500) {
    await worker.stop()
    throw new CliError(`The Worker is misconfigured:\n${worker.tail()}`)
  }
}

/** Runs the cron once, as Cloudflare does every minute in production. */
async function fireCron(origin: string, atMs: number): Promise<void> {
  const query = `cron=*+*+*+*+*&time=${Math.floor(atMs)}&format=json`
  const url = `${origin}/cdn-cgi/handler/scheduled?${query}`
  const { outcome } = await call<{ outcome: string }>({ method: 'GET', url })
  if (outcome !== 'ok') throw new CliError(`The cron ended with "${outcome}" instead of "ok".`)
}

/** Makes a promise that rejects when the signal aborts, and never resolves. */
function aborted(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_, reject) => {
    if (signal?.aborted === true) reject(signal.reason)
    signal?.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}
