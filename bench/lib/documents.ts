/** Writes the figures into the documents, between `<!-- bench:name -->` and `<!-- /bench -->`. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { FIGURES, type Language } from './figures.ts'
import type { Results } from './results.ts'

const ROOT = join(import.meta.dirname, '../..')
const MARKED = /(<!-- bench:(\w+) -->\n)[^]*?(<!-- \/bench -->)/g

/** The documents with figures, and their languages. */
export const DOCUMENTS: Readonly<Record<string, Language>> = {
  'README.md': 'en',
  'README.zh-CN.md': 'zh',
  'docs/scaling.md': 'en',
  'docs/scaling.zh-CN.md': 'zh',
}

/** The document as it should be with these results. @throws Error for a marker that is not known. */
export function withFigures(text: string, language: Language, results: Results): string {
  return text.replaceAll(MARKED, (_, open: string, name: string, close: string) => {
    const figure = FIGURES[name]
    if (figure === undefined) throw new Error(`no figure is named "${name}"`)
    return `${open}\n${figure(results, language)}\n\n${close}`
  })
}

/** Brings all documents up to date. */
export function writeFigures(results: Results): void {
  for (const [path, language] of Object.entries(DOCUMENTS)) {
    const file = join(ROOT, path)
    writeFileSync(file, withFigures(readFileSync(file, 'utf8'), language, results))
  }
}
