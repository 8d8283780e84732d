/** Reduces a failing run: leaves out actors and faults as long as it fails in the same way. */
import { ACTORS, type Outcome, runSeed } from './run-seed.ts'
import type { Recipe } from './world.ts'

/** The smallest failing recipe found, its outcome, and how many runs the search took. */
export type Shrunk = Readonly<{ recipe: Recipe; outcome: Outcome; runs: number }>

/**
 * Leaving an actor out changes how the other actors interleave. So each smaller recipe is tried with a few other salts as
 * well.
 */
const SALTS = [0, 1, 2, 3]

/** The violation without numbers and names, to compare violations of two runs. */
const kindOf = (violation: string | undefined): string | undefined =>
  violation?.replace(/\b(o\d-\d+|\d{6,})\S*/g, '…').slice(0, 60)

/** Reduces the recipe of a failing run. @returns the smallest recipe found that fails in the same way. */
export async function shrink(failing: Recipe): Promise<Shrunk> {
  let recipe: Recipe = failing
  let outcome = await runSeed(failing)
  let runs = 1
  const wanted = kindOf(outcome.violations[0])

  /** Adopts a smaller recipe if it fails in the same way with one of the salts. */
  async function adopt(smaller: Recipe): Promise<void> {
    for (const salt of new Set([smaller.salt ?? 0, ...SALTS])) {
      const tried = await runSeed({ ...smaller, salt })
      runs++
      if (tried.violations.some((violation) => kindOf(violation) === wanted)) {
        recipe = { ...smaller, salt }
        outcome = tried
        return
      }
    }
  }

  for (const actor of ACTORS) {
    await adopt({ ...recipe, withoutActors: [...(recipe.withoutActors ?? []), actor] })
  }
  for (const fault of [...outcome.counts.keys()].filter((kind) => !kind.includes(':'))) {
    await adopt({ ...recipe, without: [...(recipe.without ?? []), fault] })
  }
  return { recipe, outcome, runs }
}
