/**
 * A wrangler command as a child that can be ended for good. wrangler starts workerd and esbuild, which outlive it when
 * only wrangler is killed hard: so it leads a process group of its own, and the group is what ends.
 */
import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { Complaint } from './command.ts'

export const ROOT = join(import.meta.dirname, '..')

const TAIL_LINES = 20
const POLITE_MS = 8_000
const IS_WINDOWS = process.platform === 'win32'

export type WranglerProcess = {
  /** The exit code; `null` after a signal. Never rejects. */
  readonly exited: Promise<number | null>
  /** Resolves when nothing of it is left. */
  readonly stop: () => Promise<void>
  /** The last lines that it printed. */
  readonly tail: () => string
}

/**
 * @param stateDir Where local D1 lives, and everything else that wrangler wants to write down.
 * @param onLine Gets every line, without its end.
 */
export function spawnWrangler(
  args: readonly string[],
  stateDir: string,
  onLine: (line: string, stream: 'stdout' | 'stderr') => void = () => {},
): WranglerProcess {
  mkdirSync(stateDir, { recursive: true })
  // With an --env-file wrangler leaves the developer's own .dev.vars, which hold real keys, alone.
  const envFile = join(stateDir, 'empty.env')
  writeFileSync(envFile, '')

  const local = ['--persist-to', stateDir, '--env-file', envFile]
  const child = spawn(process.execPath, [wranglerPath(), ...args, ...local], {
    cwd: ROOT,
    env: offlineEnv(stateDir),
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: !IS_WINDOWS,
  })
  const { pid } = child
  const tail: string[] = []
  for (const stream of ['stdout', 'stderr'] as const) {
    createInterface({ input: child[stream] }).on('line', (line) => {
      tail.push(line)
      if (tail.length > TAIL_LINES) tail.shift()
      onLine(line, stream)
    })
  }

  // Whatever ends this process, an error of ours too, ends the group.
  const killRest = () => killGroup(pid)
  process.once('exit', killRest)

  let hasExited = false
  const exited = new Promise<number | null>((resolve) => {
    child.once('error', (error) => {
      tail.push(error.message)
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

  let stopping: Promise<void> | undefined
  const stop = async () => {
    // wrangler alone is asked first: it ends its children and waits for them.
    if (!hasExited) child.kill('SIGTERM')
    await Promise.race([exited, sleep(POLITE_MS, undefined, { ref: false })])
    if (!hasExited) killRest()
    await exited
  }
  return { exited, stop: () => (stopping ??= stop()), tail: () => tail.join('\n') }
}

function wranglerPath(): string {
  try {
    const { resolve } = createRequire(import.meta.url)
    return join(dirname(resolve('wrangler/package.json')), 'bin', 'wrangler.js')
  } catch {
    throw new Complaint('wrangler is not installed: run `npm ci` in this directory first.')
  }
}

/** No account, no network, no question, and nothing of the developer's own configuration. */
function offlineEnv(stateDir: string): NodeJS.ProcessEnv {
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
    // Not the user's registry of running Workers: two stacks on one machine are not to meet.
    WRANGLER_REGISTRY_PATH: join(stateDir, 'registry'),
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
