/** Runs the commands of `scripts/` as processes, and observes their output, exit code and leftover processes. */
import { execFileSync, spawn } from 'node:child_process'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const ROOT = join(import.meta.dirname, '..', '..')
const POLL_MS = 50

/** A running command. See {@link tool}. */
export type Tool = ReturnType<typeof tool>

/** Starts the command `scripts/{name}.ts` without colours. @param env Environment variables to add. */
export function tool(
  name: 'start' | 'dev' | 'pay' | 'demo' | 'doctor',
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
) {
  // Without `--`, Node itself would read an --env-file that is meant for the command.
  const child = spawn(process.execPath, ['--', join(ROOT, 'scripts', `${name}.ts`), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: undefined, ...env },
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => (output += chunk))
  }
  const exited = new Promise<number | null>((resolve) => child.once('close', resolve))

  return {
    pid: child.pid ?? 0,
    /** The exit code, after all output was read. */
    exited,
    /** Everything printed so far to stdout and stderr, in the order of arrival. */
    output: () => output,
    signal: (name: NodeJS.Signals) => child.kill(name),

    /** Waits until the output matches. @returns the match. @throws Error with the whole output when the limit passes. */
    async prints(pattern: RegExp, limitMs: number): Promise<RegExpExecArray> {
      const deadline = Date.now() + limitMs
      for (;;) {
        const match = pattern.exec(output)
        if (match !== null) return match
        if (child.exitCode !== null || Date.now() > deadline) {
          throw new Error(`${name} did not print ${pattern}; exit ${child.exitCode}:\n${output}`)
        }
        await sleep(POLL_MS)
      }
    },
  }
}

/** Pids of all child processes of the process `pid`, their children, and so on. */
export function descendants(pid: number): number[] {
  const rows = processes()
  const found = [pid]
  for (const parent of found) {
    found.push(...rows.filter((row) => row.ppid === parent).map((row) => row.pid))
  }
  return found.slice(1)
}

/**
 * The processes with these pids that still run, as `pid command`. A zombie, which has ended but was not waited for, does not
 * count.
 */
export function stillRunning(pids: readonly number[]): string[] {
  return processes()
    .filter(({ pid, state }) => pids.includes(pid) && !state.startsWith('Z'))
    .map(({ pid, command }) => `${pid} ${command}`)
}

function processes(): { pid: number; ppid: number; state: string; command: string }[] {
  const text = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,stat=,comm='], { encoding: 'utf8' })
  return text.split('\n').flatMap((line) => {
    const [, pid, ppid, state = '', command = ''] =
      /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(.*)$/.exec(line) ?? []
    return pid === undefined ? [] : [{ pid: Number(pid), ppid: Number(ppid), state, command }]
  })
}

/** Whether a server accepts connections on this port of 127.0.0.1. */
export function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    const finish = (answer: boolean) => {
      socket.destroy()
      resolve(answer)
    }
    socket.once('connect', () => finish(true)).once('error', () => finish(false))
  })
}
