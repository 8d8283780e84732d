/** Starts the Worker's process, and stops it with all its children. */
import { mkdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { variables } from '../../src/config.ts'
import { CliError } from '../cli/command.ts'
import type { DevWorkerOptions, DevWorkerReport } from './dev-worker.ts'
import { spawnGroup } from './process-group.ts'

/** The path of the repository's root. */
export const ROOT = join(import.meta.dirname, '../..')

/** wrangler is a single file of 15 MB. With Node's compile cache, loading takes two thirds of the time. */
export const COMPILE_CACHE = join(ROOT, '.wrangler', 'compiled')

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
  const { child, exited, stop } = spawnGroup([join(import.meta.dirname, 'dev-worker.ts')], {
    cwd: ROOT,
    env: offlineEnv(),
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    onError: (message) => onLine(message, 'stderr'),
  })
  for (const stream of ['stdout', 'stderr'] as const) {
    const input = child[stream]
    if (input === null) continue
    createInterface({ input }).on('line', (line) => onLine(line, stream))
  }

  const run = (options: DevWorkerOptions) =>
    new Promise<DevWorkerReport>((resolve) => {
      child.once('message', (report: DevWorkerReport) => resolve(report))
      void exited.then((code) =>
        resolve({ ok: false, why: `The process ended immediately (exit code ${code}).` }),
      )
      // Sending fails if the process has ended. The error is ignored, because `exited` reports the end.
      child.send(options, () => {})
    })

  return { run, exited, stop }
}

/** @throws CliError when wrangler is not installed. */
export function requireWrangler(): void {
  try {
    createRequire(import.meta.url).resolve('wrangler/package.json')
  } catch {
    throw new CliError('wrangler is not installed: run `npm ci` in this directory first.')
  }
}

/**
 * The environment variables of this process, without those that the Worker reads: wrangler would pass them on, and they
 * would win over its configuration file.
 */
export function envWithoutVariables(from: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  const env = { ...from }
  for (const { name } of variables()) delete env[name]
  return env
}

/**
 * Makes the environment variables for wrangler: it uses no account and no network, never prompts, and does not see
 * the developer's own settings.
 */
function offlineEnv(): NodeJS.ProcessEnv {
  const env = envWithoutVariables()
  for (const name of Object.keys(env)) {
    if (/^(CLOUDFLARE|CF|WRANGLER)_|^VITEST|^NODE_OPTIONS$/.test(name)) delete env[name]
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
    NODE_COMPILE_CACHE: COMPILE_CACHE,
  })
}
