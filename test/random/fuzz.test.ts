/** A small part of `npm run fuzz`, with a seed of its own. */
import { beforeAll, describe, expect, it } from 'vitest'
import { EXPECTED } from '../../testing/fuzz/judge/expected.ts'
import { Tally } from '../../testing/fuzz/judge/tally.ts'
import { runTasks } from '../../testing/fuzz/run/processes.ts'
import { BATCH } from '../../testing/fuzz/run/run-batch.ts'

const SEED = 20_261_124
/** How many inputs of each batch are sent. The second batch is about refunds and bills, whose inputs take longer. */
const COUNTS = [BATCH, 3_000, BATCH]

const tally = new Tally()

beforeAll(async () => {
  const tasks = COUNTS.map((count, batch) => ({ seed: SEED, batch, count }))
  await runTasks(tasks, 2, tally)
}, 120_000)

describe('a random or hostile request', () => {
  it('gets no 5xx, changes only what it may, and is answered in time', () => {
    const failures = tally.failures.map(({ index, broken, input }) => [index, ...broken, input])

    expect(failures).toEqual([])
  })

  it('reaches every kind of outcome', () => {
    const missed = EXPECTED.filter((outcome) => !tally.outcomes.has(outcome))

    expect(missed).toEqual([])
  })
})
