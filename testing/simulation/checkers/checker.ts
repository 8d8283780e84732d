/** The promise, as questions to the books. Knows nothing of the Worker but its tables. */
import type { Evidence } from './evidence.ts'
import { INVARIANTS } from './orders.ts'

/** @returns one sentence for each thing that is wrong. */
export const check = (evidence: Evidence): string[] =>
  Object.entries(INVARIANTS).flatMap(([name, find]) =>
    find(evidence).map((violation) => `${name}: ${violation}`),
  )
