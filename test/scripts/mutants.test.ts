/** The judge of random mutants keeps one vitest for all of them, so the verdict on one must not depend on the one before. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { RandomMutant } from '../../testing/mutants/random/draw.ts'
import { Workbench } from '../../testing/mutants/workbench.ts'

const sourceOf = (file: string): string =>
  readFileSync(join(import.meta.dirname, '../../src', file), 'utf8')
const FILE = 'core/money.ts'
const SOURCE = sourceOf(FILE)
const OTHER_FILE = 'core/time.ts'
/** Copies the repository and starts vitest. */
const START_MS = 60_000

/** The file with another text. */
const mutant = (mutated: string, file = FILE): RandomMutant => ({
  name: '',
  operator: 'number changed',
  file,
  diff: '',
  mutated,
})
/** Changes nothing that runs. */
const HARMLESS = mutant(`${sourceOf(OTHER_FILE)}\n// nothing is changed\n`, OTHER_FILE)
/** No text is an amount any more. */
const BROKEN = mutant(SOURCE.replace('FEN_DIGITS_MAX = 10', 'FEN_DIGITS_MAX = 0'))

describe('the judge of random mutants', { timeout: START_MS }, () => {
  let bench: Workbench
  beforeAll(async () => {
    bench = await Workbench.make(new AbortController().signal)
  }, START_MS)
  afterAll(() => bench.close())

  it('catches a fault, lets a mutant of another file survive that changes nothing, and catches the fault again', async () => {
    expect(BROKEN.mutated).not.toBe(SOURCE)
    expect(await bench.tryRandom(BROKEN)).toMatchObject({ outcome: 'caught' })
    expect(await bench.tryRandom(HARMLESS)).toMatchObject({ outcome: 'survived' })
    expect(await bench.tryRandom(BROKEN)).toMatchObject({ outcome: 'caught' })
  })

  it('leaves the file as it was', () => {
    expect(readFileSync(join(bench.folder, 'src', FILE), 'utf8')).toBe(SOURCE)
  })
})
