/** Runs the doctor as the last step. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { spawnGroup } from '../local/process-group.ts'
import { ROOT } from '../local/worker-process.ts'

const SCRIPT = join(ROOT, 'scripts', 'doctor.ts')

/** The arguments with which Node starts the doctor; undefined when this checkout has none. */
export const DOCTOR: readonly string[] | undefined = existsSync(SCRIPT) ? [SCRIPT] : undefined

/** `output` is all that it printed, `answer` what it printed to standard output. Both are empty at a terminal. */
export type Diagnosis = Readonly<{ exitCode: number; output: string; answer: string }>

/**
 * Runs the doctor on the new installation.
 *
 * @param token MERCHANT_TOKEN, if it is known here; the doctor reads it from its environment.
 */
export async function runDoctor(
  doctor: readonly string[],
  args: readonly string[],
  token: string | undefined,
  {
    env,
    signal,
    isTerminal,
  }: Readonly<{ env: NodeJS.ProcessEnv; signal: AbortSignal; isTerminal: boolean }>,
): Promise<Diagnosis> {
  let output = ''
  let answer = ''
  const { child, exited, stop } = spawnGroup([...doctor, ...args], {
    cwd: ROOT,
    env: token === undefined ? env : { ...env, MERCHANT_TOKEN: token },
    stdio: isTerminal ? ['ignore', 'inherit', 'inherit'] : ['ignore', 'pipe', 'pipe'],
    onError: (message) => (output += message),
  })
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (chunk: string) => (output += chunk))
  }
  child.stdout?.on('data', (chunk: string) => (answer += chunk))
  const end = () => void stop()
  signal.addEventListener('abort', end, { once: true })
  const exitCode = await exited
  signal.removeEventListener('abort', end)
  signal.throwIfAborted()
  return { exitCode: exitCode ?? 1, output, answer }
}
