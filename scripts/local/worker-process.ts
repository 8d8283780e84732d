/**
 * The Worker as a child that can be ended for good. wrangler starts workerd and esbuild, which outlive it when
 * only wrangler is killed hard: so it leads a process group of its own, and the group is what ends.
 */
import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { CliError } from '../cli/command.ts'
import type { DevWorkerOptions, DevWorkerReport } from './dev-worker.ts'

export const ROOT = join(import.meta.dirname, '../..')

const GRACE_MS = 8_000
const IS_WINDOWS = process.platform === 'win32'

export type WorkerProcess = {
  /** Tells it what to run; once. Resolves when the Worker answers with a migrated database. */
  readonly run: (options: DevWorkerOptions) => Promise<DevWorkerReport>
  /** The exit code; `null` after a signal. Never rejects. */
  readonly exited: Promise<number | null>
  /** Resolves when nothing of it is left. */
  readonly stop: () => Promise<void>
}

/**
 * Starts loading wrangler, which takes it a while.
 *
 * @param stateDir What wrangler wants to write down goes there.
 * @param onLine Gets every line, without its end.
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

  // Whatever ends this process, an error of ours too, ends the group.
  const killRest = () => killGroup(pid)
  process.once('exit', killRest)

  let hasExited = false
  const exited = new Promise<number | null>((resolve) => {
    child.once('error', (error) => {
      onLine(error.message, 'stderr')
      resolve(1)
    })
    // At once, and never again: hours later the number may be somebody else's.
    child.once('exit', () => {
      hasExited = true
      killRest()
      process.off('exit', killRest)
    })
    // Not `exit`: its last words may still be on the way then.
    child.once('close', (code) => resolve(code))
  })

  const run = (options: DevWorkerOptions) =>
    new Promise<DevWorkerReport>((resolve) => {
      child.once('message', (report: DevWorkerReport) => resolve(report))
      void exited.then((code) => resolve({ ok: false, why: `It ended at once (exit ${code}).` }))
      // That nobody is there to take it is told by `exited`.
      child.send(options, () => {})
    })

  let stopping: Promise<void> | undefined
  const stop = async () => {
    // It alone is asked first: it ends its children and waits for them.
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

/** No account, no network, no question, and nothing of the developer's own configuration. */
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
    // The banner is what asks the npm registry for a newer version.
    WRANGLER_HIDE_BANNER: 'true',
    WRANGLER_WRITE_LOGS: 'false',
    // A trace of every request would fill the state directory, and nobody reads it.
    X_LOCAL_OBSERVABILITY: 'false',
    // wrangler is one file of 15 MB: compiled once, it is there in two thirds of the time.
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
    // ESRCH: nothing is left, which is what was wanted.
  }
}
