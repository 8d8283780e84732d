/**
 * Starts the Worker's process and stops it with all its children. wrangler starts workerd and esbuild, which survive when only
 * wrangler is killed with SIGKILL. So the process leads its own process group, and the whole group is killed.
 */
import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { CliError } from '../cli/command.ts'
import type { DevWorkerOptions, DevWorkerReport } from './dev-worker.ts'

/** The root of the repository. */
export const ROOT = join(import.meta.dirname, '../..')

/** How long wrangler may take to stop its children after SIGTERM, before the group is killed. */
const GRACE_MS = 8_000
const IS_WINDOWS = process.platform === 'win32'

/** A running process of `dev-worker.ts`. */
export type WorkerProcess = {
  /** Sends the options to the process; call it once. Resolves when the Worker is ready and its database migrated, or failed. */
  readonly run: (options: DevWorkerOptions) => Promise<DevWorkerReport>
  /** The exit code, or `null` after a signal. Never rejects. */
  readonly exited: Promise<number | null>
  /** Stops the process and its children, and resolves when none is left. Idempotent. */
  readonly stop: () => Promise<void>
}

/**
 * Starts the process, which begins to load wrangler. That takes seconds, so start it before the options are known.
 *
 * @param stateDir Created for the state that wrangler writes.
 * @param onLine Called with every line of output, without the line end.
 * @throws CliError when wrangler is not installed.
 */
export function spawnWorker(
  stateDir: string,
  onLine: (line: string, stream: 'stdout' | 'stderr') => void,
): WorkerProcess {
  requireWrangler()
  mkdirSync(stateDir, { recursive: true })
  const child = spawn(process.execPath, [join(import.meta.dirname, 'dev-worker.ts')], {
    cwd: ROOT,
    env: offlineEnv(),
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    detached: !IS_WINDOWS,
  })
  const { pid } = child
  for (const stream of ['stdout', 'stderr'] as const) {
    const input = child[stream]
    if (input === null) continue
    createInterface({ input }).on('line', (line) => onLine(line, stream))
  }

  // The group must not survive this process, also when an uncaught error ends it.
  const killRest = () => killGroup(pid)
  process.once('exit', killRest)

  let hasExited = false
  const exited = new Promise<number | null>((resolve) => {
    child.once('error', (error) => {
      onLine(error.message, 'stderr')
      resolve(1)
    })
    // Kill the rest of the group now, and unregister: later the system may give the same pid to an unrelated process.
    child.once('exit', () => {
      hasExited = true
      killRest()
      process.off('exit', killRest)
    })
    // `close` and not `exit`: on `exit`, the last output may not have been read yet.
    child.once('close', (code) => resolve(code))
  })

  const run = (options: DevWorkerOptions) =>
    new Promise<DevWorkerReport>((resolve) => {
      child.once('message', (report: DevWorkerReport) => resolve(report))
      void exited.then((code) =>
        resolve({ ok: false, why: `The process ended immediately (exit code ${code}).` }),
      )
      // A send that fails because the process is gone is reported through `exited`.
      child.send(options, () => {})
    })

  let stopping: Promise<void> | undefined
  const stop = async () => {
    // SIGTERM goes to wrangler alone, which stops its children and waits for them.
    if (!hasExited) child.kill('SIGTERM')
    await Promise.race([exited, sleep(GRACE_MS, undefined, { ref: false })])
    if (!hasExited) killRest()
    await exited
  }
  return { run, exited, stop: () => (stopping ??= stop()) }
}

function requireWrangler(): void {
  try {
    createRequire(import.meta.url).resolve('wrangler/package.json')
  } catch {
    throw new CliError('wrangler is not installed: run `npm ci` in this directory first.')
  }
}

/** An environment in which wrangler uses no account and no network, asks no question, and sees none of the developer's settings. */
function offlineEnv(): NodeJS.ProcessEnv {
  const env = { ...process.env }
  for (const name of Object.keys(env)) {
    if (/^(CLOUDFLARE|CF|WRANGLER|WX|MERCHANT|WEBHOOK)_|^VITEST|^NODE_OPTIONS$/.test(name)) {
      delete env[name]
    }
  }
  return Object.assign(env, {
    CI: '1',
    CLOUDFLARE_CF_FETCH_ENABLED: 'false',
    CLOUDFLARE_TELEMETRY_DISABLED: 'true',
    WRANGLER_SEND_METRICS: 'false',
    WRANGLER_SEND_ERROR_REPORTS: 'false',
    // Printing the banner would query the npm registry for a newer version.
    WRANGLER_HIDE_BANNER: 'true',
    WRANGLER_WRITE_LOGS: 'false',
    // Otherwise a trace of every request fills the state directory.
    X_LOCAL_OBSERVABILITY: 'false',
    // wrangler is one file of 15 MB. With a compile cache it loads in two thirds of the time.
    NODE_COMPILE_CACHE: join(ROOT, '.wrangler', 'compiled'),
  })
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return
  if (IS_WINDOWS) {
    spawnSync('taskkill', ['/pid', String(pid), '/t', '/f'], { stdio: 'ignore' })
    return
  }
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // ESRCH: the group has already ended.
  }
}
