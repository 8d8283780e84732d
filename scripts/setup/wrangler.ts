/** Runs wrangler as a process. Secrets reach it through a pipe: neither its arguments, nor its environment, nor a file has them. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { spawnGroup } from '../local/process-group.ts'
import { COMPILE_CACHE, envWithoutVariables, ROOT } from '../local/worker-process.ts'
import { Stop, text } from './words.ts'

const CLI = join(ROOT, 'node_modules', 'wrangler', 'wrangler-dist', 'cli.js')
const NODE_OPTIONS = ['--no-warnings', '--', CLI]
const IS_WINDOWS = process.platform === 'win32'

/** What stands for the path of the secrets in the arguments. */
export const SECRETS_FILE = '/dev/stdin'

export type Wrangler = Readonly<{
  /**
   * Runs a command of wrangler in the folder of wrangler.toml, without a terminal.
   *
   * @param secrets JSON for {@link SECRETS_FILE}.
   * @returns its output. @throws Stop with its output when it fails.
   */
  run: (args: readonly string[], secrets?: string) => Promise<string>
  /** Runs `wrangler login`, which opens the browser. @returns whether it succeeded. */
  login: () => Promise<boolean>
}>

type WranglerOptions = Readonly<{
  cwd: string
  env: NodeJS.ProcessEnv
  signal: AbortSignal
  /** Takes secrets out of what is printed. */
  scrub: (output: string) => string
}>

export function wrangler({ cwd, env, signal, scrub }: WranglerOptions): Wrangler {
  const childEnv: NodeJS.ProcessEnv = {
    ...envWithoutVariables(env),
    FORCE_COLOR: '0',
    NODE_COMPILE_CACHE: COMPILE_CACHE,
    WRANGLER_HIDE_BANNER: 'true',
    WRANGLER_SEND_METRICS: 'false',
    WRANGLER_WRITE_LOGS: 'false', // a log of the debug level may have more than it should
  }

  async function start(command: readonly string[], input: string | undefined) {
    signal.throwIfAborted()
    let output = ''
    const { child, exited, stop } = spawnGroup(command, {
      cwd,
      env: childEnv,
      stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
      onError: (message) => (output += message),
      // Node's own pipes are sockets, which cannot be opened as /dev/stdin. `cat` hands the secrets on through a real pipe.
      ...(input === undefined ? {} : { throughPipe: true }),
    })
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (chunk: string) => (output += chunk))
    }
    child.stdin?.on('error', () => {}) // the process may end without having read it
    child.stdin?.end(input)
    const end = () => void stop()
    signal.addEventListener('abort', end, { once: true })
    const code = await exited
    signal.removeEventListener('abort', end)
    signal.throwIfAborted()
    if (code === 0) return scrub(output)
    throw new Stop(failure(scrub(output).trim()))
  }

  return {
    run: (args, secrets) =>
      secrets !== undefined && IS_WINDOWS
        ? withSecretsFile(secrets, (path) =>
            start(
              [...NODE_OPTIONS, ...args.map((each) => (each === SECRETS_FILE ? path : each))],
              undefined,
            ),
          )
        : start([...NODE_OPTIONS, ...args], secrets),
    async login() {
      const { exited, stop } = spawnGroup([...NODE_OPTIONS, 'login'], {
        cwd,
        env: childEnv,
        stdio: ['ignore', 'inherit', 'inherit'],
        onError: () => {},
      })
      const end = () => void stop()
      signal.addEventListener('abort', end, { once: true })
      const code = await exited
      signal.removeEventListener('abort', end)
      signal.throwIfAborted()
      return code === 0
    },
  }
}

const failure = (output: string) => text(output, output)

/** Windows has no /dev/stdin. A file that only its owner may read is removed as soon as wrangler has ended. */
export async function withSecretsFile<T>(
  secrets: string,
  use: (path: string) => Promise<T>,
): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), 'wxpay-edge-'))
  try {
    const path = join(directory, 'secrets.json')
    writeFileSync(path, secrets, { mode: 0o600 })
    return await use(path)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}
