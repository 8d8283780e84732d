/** One process of the fuzz: runs the batches that its parent names, and dies with it. */
import { installInstantCrypto } from '../../simulation/d1/instant-crypto.ts'
import { runBatch } from './run-batch.ts'

export type Task = Readonly<{ seed: number; batch: number; count: number }>

installInstantCrypto()
process.on('disconnect', () => process.exit(0))
// The terminal sends Ctrl-C to all; the parent decides.
process.on('SIGINT', () => {})
process.on('message', (task: Task) => {
  runBatch(task.seed, task.batch, task.count).then(
    (report) => process.send?.({ report }),
    (error: unknown) => {
      process.send?.({ error: error instanceof Error ? (error.stack ?? error.message) : 'unknown' })
    },
  )
})
