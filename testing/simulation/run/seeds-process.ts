/** A child process that plays seeds for `scripts/simulate.ts`, one core's worth. */
import { installInstant } from '../d1/instant.ts'
import { runSeed } from './run-seed.ts'

/** From the parent: play these. */
export type SeedRange = Readonly<{ from: number; to: number }>

/** To the parent, for each seed. */
export type Report = Readonly<{
  seed: number
  violations: readonly string[]
  counts: readonly (readonly [kind: string, count: number])[]
  steps: number
  captures: number
}>

installInstant()

process.on('message', ({ from, to }: SeedRange) => void play(from, to))
// Nobody to play for: the parent is gone.
process.on('disconnect', () => process.exit())
// Ctrl-C goes to the whole group; the parent decides when it is over.
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
