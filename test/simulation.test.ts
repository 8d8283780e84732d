/** A small part of the simulation; `npm run test:random` plays more. Under random faults of the network, the database and the clock, our records agree with WeChat in the end. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { installInstant } from '../testing/simulation/d1/instant.ts'
import { type Outcome, runSeed } from '../testing/simulation/run/run-seed.ts'

const SEEDS = 10
const TIMEOUT_MS = 240_000
const COMMAND = join(import.meta.dirname, '../scripts/simulate.ts')

let restore = (): void => {}
beforeAll(() => {
  restore = installInstant()
})
afterAll(() => restore())

const failureMessage = ({ seed, violations }: Outcome): string =>
  `seed ${seed}: ${violations.join(' · ')}\nAgain: npm run simulate -- --seed ${seed} --shrink`

describe('every payment and refund is found, recorded once and sent to the shop, and nothing else is,', () => {
  it(
    `in seeds 1 to ${SEEDS}`,
    async () => {
      for (let seed = 1; seed <= SEEDS; seed++) {
        const outcome = await runSeed({ seed })
        expect(outcome.violations, failureMessage(outcome)).toEqual([])
      }
    },
    TIMEOUT_MS,
  )
})

describe('a seed', () => {
  it('gives the same trace every time, in this process and in another', async () => {
    const first = await runSeed({ seed: 7 })
    const second = await runSeed({ seed: 7 })
    const run = promisify(execFile)
    const { stdout } = await run(process.execPath, [COMMAND, '--seed', '7'])

    expect(first.trace.length).toBeGreaterThan(100)
    expect(second.trace).toEqual(first.trace)
    expect(stdout).toContain(`trace ${first.digest}`)
  })

  it('gives another trace than the next seed, and another one with another salt', async () => {
    const { digest } = await runSeed({ seed: 7 })

    expect((await runSeed({ seed: 8 })).digest).not.toBe(digest)
    expect((await runSeed({ seed: 7, salt: 1 })).digest).not.toBe(digest)
  })
})
