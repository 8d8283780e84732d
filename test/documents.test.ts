/** What the documents refer to exists: files in backticks, and links with their headings. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'

const ROOT = join(import.meta.dirname, '..')

const markdownIn = (folder: string, recursive: boolean): string[] =>
  readdirSync(join(ROOT, folder), { recursive, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(folder, name))

const documents = [...markdownIn('.', false), ...markdownIn('docs', true)].map((path) => ({
  path,
  // Code blocks show commands and examples.
  text: readFileSync(join(ROOT, path), 'utf8').replace(/^```[^]*?^```$/gm, ''),
}))

/** As the repository host makes them: lower case, without punctuation, spaces as hyphens. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-')

const anchorsIn = (path: string): string[] =>
  [...readFileSync(path, 'utf8').matchAll(/^#+ (.+)$/gm)].map(([, text = '']) => anchorOf(text))

describe('the documents', () => {
  it('link to what exists', () => {
    const broken = documents.flatMap(({ path, text }) =>
      [...text.matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)/g)]
        .filter(([, target = '', anchor]) => {
          const file = join(ROOT, target === '' ? path : join(dirname(path), target))
          if (!existsSync(file)) return true
          return anchor !== undefined && !anchorsIn(file).includes(anchor)
        })
        .map(([link]) => `${path}: ${link}`),
    )
    expect(broken).toEqual([])
  })

  it('name files that exist', () => {
    const named = /`((?:src|simulator|scripts|bench|examples|testing|test|docs)\/[\w./-]*)`/g
    const gone = documents
      .filter(({ path }) => path !== 'CHANGELOG.md') // it also tells of files as they were
      .flatMap(({ path, text }) =>
        [...text.matchAll(named)]
          .filter(([, file = '']) => !existsSync(join(ROOT, file)))
          .map(([, file]) => `${path}: ${file}`),
      )
    expect(gone).toEqual([])
  })
})
