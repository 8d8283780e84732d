/** A child process of the fuzz: runs the batches that its parent sends, and ends with the parent. */
import { installInstantCrypto } from '../../simulation/d1/instant-crypto.ts'
import { runBatch } from './run-batch.ts'

/** A message from the parent process: run `count` inputs of this batch. */
export type Task = Readonly<{ seed: number; batch: number; count: number }>

installInstantCrypto()
process.on('disconnect', () => process.exit(0))
// Ctrl-C sends SIGINT to the whole process group. The parent decides when to stop.
process.on('SIGINT', () => {})
process.on('message', (task: Task) => {
  runBatch(task.seed, task.batch, task.count).then(
    (report) => process.send?.({ report }),
    (error: unknown) => {
      process.send?.({ error: error instanceof Error ? (error.stack ?? error.message) : 'unknown' })
    },
  )
})
