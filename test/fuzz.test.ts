/** A small part of `npm run fuzz`, with a seed of its own. */
import { beforeAll, describe, expect, it } from 'vitest'
import { EXPECTED } from '../testing/fuzz/judge/expected.ts'
import { Tally } from '../testing/fuzz/judge/tally.ts'
import { runTasks } from '../testing/fuzz/run/processes.ts'
import { BATCH } from '../testing/fuzz/run/run-batch.ts'

const SEED = 20_261_123
const BATCHES = 3

const tally = new Tally()

beforeAll(async () => {
  const tasks = Array.from({ length: BATCHES }, (_, batch) => ({ seed: SEED, batch, count: BATCH }))
  await runTasks(tasks, 2, tally)
}, 120_000)

describe('whatever anybody sends', () => {
  it('makes no 5xx, changes nothing that it may not, and is answered in time', () => {
    const told = tally.failures.map(({ index, broken, input }) => [index, ...broken, input])

    expect(told).toEqual([])
  })

  it('reaches the code behind every door', () => {
    const missed = EXPECTED.filter((outcome) => !tally.outcomes.has(outcome))

    expect(missed).toEqual([])
  })
})
