/** Batches in processes of their own, side by side: plain Node is twice as fast as a test runner. */
import { type ChildProcess, fork } from 'node:child_process'
import { join } from 'node:path'
import type { Tally } from '../judge/tally.ts'
import type { Report } from './run-batch.ts'
import type { Task } from './worker.ts'

const WORKER = join(import.meta.dirname, 'worker.ts')

type Answer = Readonly<{ report?: Report; error?: string }>

/** Adds to the tally what the tasks found; returns early, with everything stopped, on the signal. */
export async function runTasks(
  tasks: readonly Task[],
  processes: number,
  tally: Tally,
  signal?: AbortSignal,
): Promise<void> {
  const waiting = [...tasks]
  await Promise.all(Array.from({ length: processes }, () => feedOne(waiting, tally, signal)))
}

/** One process, fed until nothing is left. */
async function feedOne(waiting: Task[], tally: Tally, signal?: AbortSignal): Promise<void> {
  const child = fork(WORKER, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'], execArgv: [] })
  const kill = () => child.kill('SIGKILL')
  signal?.addEventListener('abort', kill)
  try {
    for (;;) {
      const task = signal?.aborted === true ? undefined : waiting.shift()
      if (task === undefined) return
      const answer = await ask(child, task)
      if (answer === undefined && signal?.aborted === true) return
      if (answer?.report === undefined) {
        throw new Error(`batch ${task.batch} died: ${answer?.error ?? 'the process is gone'}`)
      }
      tally.add(answer.report)
    }
  } finally {
    signal?.removeEventListener('abort', kill)
    kill()
  }
}

function ask(child: ChildProcess, task: Task): Promise<Answer | undefined> {
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
