/** The figures in the documents are those of `bench/results.json`. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { DOCUMENTS, withFigures } from '../bench/lib/documents.ts'
import { readResults, RESULTS } from '../bench/lib/results.ts'

const read = (path: string): string => readFileSync(join(import.meta.dirname, '..', path), 'utf8')
const results = readResults(RESULTS)

describe('the figures of the bench', () => {
  it.each(Object.entries(DOCUMENTS))('in %s are those that were measured', (path, language) => {
    const text = read(path)
    expect(text).toContain('<!-- bench:')
    // `npm run bench` writes them. Change a figure in figures.ts, not in the document.
    expect(withFigures(text, language, results)).toBe(text)
  })

  it('are noticed when they are changed by hand', () => {
    const text = read('docs/scaling.md').replace(
      /\d+ bytes, indexes included/,
      '1 bytes, indexes included',
    )
    expect(withFigures(text, 'en', results)).not.toBe(text)
  })

  it('hold the budgets that do not depend on the machine', () => {
    const of = <T>(part: string): T => results[part]?.result as T
    expect(of<{ rowsMax: number }>('pages').rowsMax).toBeLessThanOrEqual(500)
    expect(of<{ bytesPerOrder: number }>('growth').bytesPerOrder).toBeLessThanOrEqual(1_200)
    const ticks = Object.values(of<{ ticks: Record<string, { due: number }> }>('large').ticks)
    expect(new Set(ticks.map(({ due }) => due)).size).toBe(1)
  })
})
