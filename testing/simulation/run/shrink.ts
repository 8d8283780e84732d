/** Makes a failing run smaller: leaves out actors and faults as long as it fails in the same way. */
import { ACTORS, type Outcome, runSeed } from './run-seed.ts'
import type { Recipe } from './world.ts'

export type Shrunk = Readonly<{ recipe: Recipe; outcome: Outcome; runs: number }>

/** Whoever is left out shifts the course of the rest, so a few other courses are tried as well. */
const SALTS = [0, 1, 2, 3]

/** The part of the promise that was broken, without the names. */
const kindOf = (violation: string | undefined): string | undefined =>
  violation?.replace(/\b(o\d-\d+|\d{6,})\S*/g, '…').slice(0, 60)

export async function shrink(failing: Recipe): Promise<Shrunk> {
  let recipe: Recipe = failing
  let outcome = await runSeed(failing)
  let runs = 1
  const wanted = kindOf(outcome.violations[0])

  /** Keeps a smaller recipe if some course of it fails the same way. */
  async function keep(smaller: Recipe): Promise<void> {
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
    await keep({ ...recipe, withoutActors: [...(recipe.withoutActors ?? []), actor] })
  }
  for (const fault of [...outcome.counts.keys()].filter((kind) => !kind.includes(':'))) {
    await keep({ ...recipe, without: [...(recipe.without ?? []), fault] })
  }
  return { recipe, outcome, runs }
}
