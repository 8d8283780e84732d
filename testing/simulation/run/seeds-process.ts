/** A child process of `scripts/simulate.ts`, which plays seeds on one core. */
import { installInstant } from '../d1/instant.ts'
import { runSeed } from './run-seed.ts'

/** Message from the parent: play the seeds from `from` to `to - 1`. */
export type SeedRange = Readonly<{ from: number; to: number }>

/** Message to the parent after each seed. */
export type Report = Readonly<{
  seed: number
  violations: readonly string[]
  counts: readonly (readonly [kind: string, count: number])[]
  steps: number
  captures: number
}>

installInstant()

process.on('message', ({ from, to }: SeedRange) => void play(from, to))
// When the parent process has ended, this process ends, too.
process.on('disconnect', () => process.exit())
// Ctrl-C sends SIGINT to the whole process group. The parent decides when to stop.
process.on('SIGINT', () => {})

async function play(from: number, to: number): Promise<void> {
  for (let seed = from; seed < to; seed++) {
    const report = await runSeed({ seed }).then(
      ({ violations, counts, steps, captures }): Report => ({
        seed,
        violations,
        counts: [...counts],
        steps,
        captures,
      }),
      (error: unknown): Report => ({
        seed,
        violations: [error instanceof Error ? (error.stack ?? error.message) : String(error)],
        counts: [],
        steps: 0,
        captures: 0,
      }),
    )
    process.send?.(report)
  }
}
