/**
 * Starts a process that leads its own process group, and stops it with all its children. wrangler starts workerd and
 * esbuild, which would survive if only wrangler were killed with SIGKILL. So the whole group is killed.
 */
import { type ChildProcess, spawn, spawnSync, type StdioOptions } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'

/** How long wrangler may take to stop its children after SIGTERM, before the group is killed. */
const GRACE_MS = 8_000
const IS_WINDOWS = process.platform === 'win32'

/** A running process and its children. */
export type ProcessGroup = Readonly<{
  child: ChildProcess
  /** Resolves when the process has ended, with its exit code, or `null` if a signal ended it. Never rejects. */
  exited: Promise<number | null>
  /** Stops the process and its children, and resolves when none is left. A second call has no further effect. */
  stop: () => Promise<void>
}>

/** How to start a process. */
export type GroupOptions = Readonly<{
  cwd: string
  env: NodeJS.ProcessEnv
  stdio: StdioOptions
  /** Called when the process cannot be started; it then counts as ended with the exit code 1. */
  onError: (message: string) => void
  /**
   * Whether stdin reaches Node through a pipe of the system instead of Node's own, which is a socket and cannot be opened as
   * `/dev/stdin`. Not on Windows.
   */
  throughPipe?: boolean
}>

/** Starts Node with these arguments as the leader of a process group. The group ends with this process. */
export function spawnGroup(
  args: readonly string[],
  { onError, throughPipe = false, ...options }: GroupOptions,
): ProcessGroup {
  const [command, commandArgs] = throughPipe
    ? ['/bin/sh', ['-c', 'cat | "$0" "$@"', process.execPath, ...args]]
    : [process.execPath, args]
  const child = spawn(command, commandArgs, { ...options, detached: !IS_WINDOWS })
  const { pid } = child

  // The process group must end with this process, even if an uncaught error ends this process.
  const killRest = () => killGroup(pid)
  process.once('exit', killRest)

  let hasExited = false
  const exited = new Promise<number | null>((resolve) => {
    child.once('error', (error) => {
      onError(error.message)
      resolve(1)
    })
    // When the leader has exited, children that it left running are killed immediately. At the exit of the
    // parent, the system may already have given the process group's pid to an unrelated process.
    child.once('exit', () => {
      hasExited = true
      killRest()
      process.off('exit', killRest)
    })
    // `exited` waits for the event `close`, because at the event `exit` the last output may still be unread.
    child.once('close', (code) => resolve(code))
  })

  let stopping: Promise<void> | undefined
  const stop = async () => {
    // Only the leader gets SIGTERM. It stops its children and waits for them.
    if (!hasExited) child.kill('SIGTERM')
    await Promise.race([exited, sleep(GRACE_MS, undefined, { ref: false })])
    if (!hasExited) killRest()
    await exited
  }
  return { child, exited, stop: () => (stopping ??= stop()) }
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
