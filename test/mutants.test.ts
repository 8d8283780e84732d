import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { MUTANTS } from '../testing/mutants/list.ts'

const ROOT = join(import.meta.dirname, '..')

describe('the list of mutants', () => {
  it('matches the current source: each mutant changes one place and names a test that exists', () => {
    const stale = MUTANTS.filter(({ file, find, replace }) => {
      const text = readFileSync(join(ROOT, 'src', file), 'utf8')
      return text.split(find).length !== 2 || find === replace
    })
    const tests = new Set(MUTANTS.flatMap((mutant) => mutant.tests))

    expect(stale.map(({ file, find }) => `${file}: ${find}`)).toEqual([])
    expect([...tests].filter((path) => !existsSync(join(ROOT, path)))).toEqual([])
  })

  it('has a different name for each mutant', () => {
    expect(new Set(MUTANTS.map(({ name }) => name)).size).toBe(MUTANTS.length)
    expect(MUTANTS.length).toBeGreaterThanOrEqual(45)
  })
})
