/** Everything on one machine: the simulated WeChat, a migrated local D1, the Worker, and the cron that nobody else fires. */
import { setTimeout as sleep } from 'node:timers/promises'
import { DEMO_MERCHANT } from '../simulator/demo-merchant.ts'
import { start as startWechat, type RunningServer } from '../simulator/server.ts'
import { call, type Call } from './call.ts'
import { Complaint } from './command.ts'
import { freePort } from './ports.ts'
import { DEMO_TOKEN } from './shop.ts'
import { workerLineReader, type WorkerLine } from './worker-lines.ts'
import { spawnWrangler, type WranglerProcess } from './worker-process.ts'

const READY_MS = 60_000
const POLL_MS = 100
const TAIL_LINES = 20

export type StackOptions = {
  /** Where D1 is kept. A second start on it finds the orders of the first; two at a time break each other. */
  persistDir: string
  /** Default: any free port. */
  workerPort?: number
  wechatPort?: number
  /** Variables of the Worker beside the demo merchant's. */
  vars?: Readonly<Record<string, string>>
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
  const { persistDir, signal, onWechatLine, onWorkerLine = () => {} } = options
  const closers: (() => Promise<void>)[] = []
  let stopping: Promise<void> | undefined
  // Last started, first stopped: a Worker without its WeChat would complain.
  const stop = () =>
    (stopping ??= (async () => {
      while (closers.length > 0) await closers.pop()?.()
    })())

  try {
    const port = options.workerPort ?? (await freePort())
    const wechat = await startWechat({
      port: options.wechatPort ?? 0,
      ...(onWechatLine === undefined ? {} : { log: onWechatLine }),
    })
    closers.push(wechat.close)
    await migrate(persistDir, closers, signal)

    const workerOrigin = `http://127.0.0.1:${port}`
    const vars = { ...demoVars(workerOrigin, wechat.origin), ...options.vars }
    const worker = startWorker(port, vars, persistDir, onWorkerLine)
    closers.push(worker.stop)
    await untilAnswers(workerOrigin, worker, signal)

    const died = worker.exited.then(
      (code) => `The Worker ended by itself (exit ${code ?? 'by a signal'}):\n${worker.tail()}`,
    )
    return {
      workerOrigin,
      wechat,
      merchantToken: DEMO_TOKEN,
      shop: (method, path, more) =>
        call({ method, url: `${workerOrigin}${path}`, token: DEMO_TOKEN, ...more }),
      cron: (atMs = wechat.clock.now()) => fireCron(workerOrigin, atMs),
      died,
      tail: worker.tail,
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

/** Runs to its end before the Worker starts: two processes on one local D1 lock each other out. */
async function migrate(
  persistDir: string,
  closers: (() => Promise<void>)[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const migration = spawnWrangler(['d1', 'migrations', 'apply', 'DB', '--local'], persistDir)
  closers.push(migration.stop)
  const code = await Promise.race([migration.exited, aborted(signal)])
  if (code !== 0) {
    throw new Complaint(`The database could not be migrated. wrangler said:\n${migration.tail()}`)
  }
}

function startWorker(
  port: number,
  vars: Readonly<Record<string, string>>,
  persistDir: string,
  onLine: (line: WorkerLine) => void,
): WranglerProcess {
  const readers = { stdout: workerLineReader(), stderr: workerLineReader() }
  const address = ['--ip', '127.0.0.1', '--port', String(port), '--inspector-port', '0']
  const given = Object.entries(vars).flatMap(([name, value]) => ['--var', `${name}:${value}`])
  const told: string[] = []
  const worker = spawnWrangler(['dev', ...address, ...given], persistDir, (raw, stream) => {
    const line = readers[stream](raw)
    if (line.kind !== 'noise') told.push(raw)
    if (told.length > TAIL_LINES) told.shift()
    onLine(line)
  })
  // What matters, if anything did; else everything.
  return { ...worker, tail: () => (told.length > 0 ? told.join('\n') : worker.tail()) }
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

async function untilAnswers(
  origin: string,
  worker: WranglerProcess,
  signal: AbortSignal | undefined,
): Promise<void> {
  const deadline = Date.now() + READY_MS
  let code: number | null | undefined
  void worker.exited.then((exit) => (code = exit))
  while (Date.now() < deadline) {
    signal?.throwIfAborted()
    if (code !== undefined) throw new Complaint(`The Worker did not start:\n${worker.tail()}`)
    // wrangler itself would wait for somebody to mend the code.
    if (worker.tail().includes('Build failed')) {
      throw new Complaint(`The Worker cannot be built:\n${worker.tail()}`)
    }
    const status = await statusOf(`${origin}/health`)
    // 503 is an answer too: no cron ever ran on a new database.
    if (status === 200 || status === 503) return
    if (status === 500) throw new Complaint(`The Worker is misconfigured:\n${worker.tail()}`)
    await sleep(POLL_MS)
  }
  throw new Complaint(
    `The Worker has not answered within ${READY_MS / 1_000} seconds:\n${worker.tail()}`,
  )
}

const statusOf = (url: string): Promise<number | undefined> =>
  fetch(url, { signal: AbortSignal.timeout(10_000) }).then(
    async (response) => {
      await response.body?.cancel()
      return response.status
    },
    () => undefined,
  )

/** What the platform does every minute in production. */
async function fireCron(origin: string, atMs: number): Promise<void> {
  const query = `cron=*+*+*+*+*&time=${Math.floor(atMs)}&format=json`
  const url = `${origin}/cdn-cgi/handler/scheduled?${query}`
  const { outcome } = await call<{ outcome: string }>({ method: 'GET', url })
  if (outcome !== 'ok') throw new Complaint(`The cron ended with "${outcome}" instead of "ok".`)
}

/** Never resolves. */
function aborted(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_, reject) => {
    if (signal?.aborted === true) reject(signal.reason)
    signal?.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}
