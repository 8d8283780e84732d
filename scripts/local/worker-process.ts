/**
 * Starts the Worker's process and stops it with all its children. wrangler starts workerd and esbuild, which would
 * survive if only wrangler were killed with SIGKILL. So the process leads its own process group, and the whole group
 * is killed.
 */
import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { CliError } from '../cli/command.ts'
import type { DevWorkerOptions, DevWorkerReport } from './dev-worker.ts'

/** The path of the repository's root. */
export const ROOT = join(import.meta.dirname, '../..')

/** How long wrangler may take to stop its children after SIGTERM, before the group is killed. */
const GRACE_MS = 8_000
const IS_WINDOWS = process.platform === 'win32'

/** A running process of `dev-worker.ts`. */
export type WorkerProcess = {
  /**
   * Sends the options to the process, which starts the Worker. May be called once. Resolves when the Worker is ready
   * and its database migrated, or when that failed.
   */
  readonly run: (options: DevWorkerOptions) => Promise<DevWorkerReport>
  /** Resolves when the process has ended, with its exit code, or `null` if a signal ended it. Never rejects. */
  readonly exited: Promise<number | null>
  /** Stops the process and its children, and resolves when none is left. A second call has no further effect. */
  readonly stop: () => Promise<void>
}

/**
 * Starts the Worker's process, which begins to load wrangler. Loading takes seconds, so the process starts before the
 * options are known.
 *
 * @param stateDir The directory for the files that wrangler writes. Created if missing.
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

  // The process group must end with this process, even if an uncaught error ends this process.
  const killRest = () => killGroup(pid)
  process.once('exit', killRest)

  let hasExited = false
  const exited = new Promise<number | null>((resolve) => {
    child.once('error', (error) => {
      onLine(error.message, 'stderr')
      resolve(1)
    })
    // When the Worker's process has exited, children that it left running are killed immediately. At the exit of the
    // parent, the system may already have given the process group's pid to an unrelated process.
    child.once('exit', () => {
      hasExited = true
      killRest()
      process.off('exit', killRest)
    })
    // `exited` waits for the event `close`, because at the event `exit` the last output may still be unread.
    child.once('close', (code) => resolve(code))
  })

  const run = (options: DevWorkerOptions) =>
    new Promise<DevWorkerReport>((resolve) => {
      child.once('message', (report: DevWorkerReport) => resolve(report))
      void exited.then((code) =>
        resolve({ ok: false, why: `The process ended immediately (exit code ${code}).` }),
      )
      // Sending fails if the process has ended. The error is ignored, because `exited` reports the end.
      child.send(options, () => {})
    })

  let stopping: Promise<void> | undefined
  const stop = async () => {
    // Only wrangler gets SIGTERM. It stops its children and waits for them.
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

/**
 * Makes the environment variables for wrangler: it uses no account and no network, never prompts, and does not see
 * the developer's own settings.
 */
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
    // Hides the banner, because before wrangler prints it, wrangler queries the npm registry for a newer version.
    WRANGLER_HIDE_BANNER: 'true',
    WRANGLER_WRITE_LOGS: 'false',
    // Unless switched off, wrangler stores a trace of every request in the state directory.
    X_LOCAL_OBSERVABILITY: 'false',
    // wrangler is a single file of 15 MB. With Node's compile cache, loading takes two thirds of the time.
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
    // The error is ESRCH: the group has already ended.
  }
}
