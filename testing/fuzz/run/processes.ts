/** Runs batches in child processes, since plain Node is twice as fast as a test runner. */
import { type ChildProcess, fork } from 'node:child_process'
import { join } from 'node:path'
import type { Tally } from '../judge/tally.ts'
import type { Report } from './run-batch.ts'
import type { Task } from './worker.ts'

const WORKER = join(import.meta.dirname, 'worker.ts')

type Answer = Readonly<{ report?: Report; error?: string }>

/** Runs all tasks and adds their reports to the tally. On the signal, stops all processes and returns early. */
export async function runTasks(
  tasks: readonly Task[],
  processes: number,
  tally: Tally,
  signal?: AbortSignal,
): Promise<void> {
  const waiting = [...tasks]
  await Promise.all(Array.from({ length: processes }, () => feedOne(waiting, tally, signal)))
}

/** Runs one child process, which gets tasks until none is left. */
async function feedOne(waiting: Task[], tally: Tally, signal?: AbortSignal): Promise<void> {
  const child = fork(WORKER, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'], execArgv: [] })
  const kill = () => child.kill('SIGKILL')
  signal?.addEventListener('abort', kill)
  try {
    for (;;) {
      const task = signal?.aborted === true ? undefined : waiting.shift()
      if (task === undefined) return
      const answer = await runOn(child, task)
      if (answer === undefined && signal?.aborted === true) return
      if (answer?.report === undefined) {
        throw new Error(
          `batch ${task.batch} failed: ${answer?.error ?? `its process ended with ${child.signalCode ?? child.exitCode}`}`,
        )
      }
      tally.add(answer.report)
    }
  } finally {
    signal?.removeEventListener('abort', kill)
    kill()
  }
}

function runOn(child: ChildProcess, task: Task): Promise<Answer | undefined> {
  return new Promise((resolve) => {
    const gone = () => resolve(undefined)
    child.once('exit', gone)
    child.once('message', (answer: Answer) => {
      child.off('exit', gone)
      resolve(answer)
    })
    child.send(task)
  })
}
