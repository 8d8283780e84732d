/** The Markdown files of the repository, and the code that stands in them. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export const ROOT = join(import.meta.dirname, '..', '..')

const NOT_OURS = ['node_modules', '.git', '.wrangler', 'test-output', 'coverage']

/** A piece of code in a document. */
export type Code = Readonly<{
  /** The path of the document, from the root. */
  document: string
  /** The line of its beginning, from 1; of a block, that behind the fence. */
  line: number
  text: string
}>

/** A fenced block. `language` is what stands behind the fence, without further words; empty if nothing does. */
export type Block = Code & Readonly<{ language: string }>

/** Where a piece of code is, for messages: `README.md:42`. */
export const placeOf = ({ document, line }: Code): string => `${document}:${line}`

/** The paths of all documents, also of those that git does not know yet. */
export const DOCUMENTS: readonly string[] = markdownBelow('').toSorted()

function markdownBelow(folder: string): readonly string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return NOT_OURS.includes(entry.name) ? [] : markdownBelow(path)
    return path.endsWith('.md') ? [path] : []
  })
}

export const textOf = (document: string): string => readFileSync(join(ROOT, document), 'utf8')

type Read = Readonly<{ blocks: readonly Block[]; prose: readonly Code[] }>

/**
 * Reads a document: its fenced blocks, and its other lines. A fence may be indented, in a list, and ends with as many
 * marks as it began with.
 *
 * @throws Error when a block does not end.
 */
export function readMarkdown(document: string, text = textOf(document)): Read {
  const blocks: Block[] = []
  const prose: Code[] = []
  let open: { fence: string; indent: string; language: string; line: number } | undefined
  let inside: string[] = []
  for (const [at, line] of text.split('\n').entries()) {
    const [, indent = '', fence = '', info = ''] = /^([ \t]*)(`{3,}|~{3,})([^`]*)$/.exec(line) ?? []
    if (open === undefined) {
      if (fence === '') prose.push({ document, line: at + 1, text: line })
      else open = { fence, indent, language: info.trim().split(/\s/)[0] ?? '', line: at + 2 }
    } else if (fence.startsWith(open.fence) && info.trim() === '') {
      const { language, line: begin } = open
      blocks.push({ document, line: begin, language, text: inside.join('\n') })
      open = undefined
      inside = []
    } else {
      inside.push(line.startsWith(open.indent) ? line.slice(open.indent.length) : line)
    }
  }
  if (open !== undefined) throw new Error(`${document}:${open.line - 1}: the block does not end`)
  return { blocks, prose }
}

/** All fenced blocks of all documents. */
export const allBlocks = (): readonly Block[] =>
  DOCUMENTS.flatMap((document) => readMarkdown(document).blocks)

/** Code between backticks in the sentences of all documents. In a table, `\|` stands for `|`. */
export const allInlineCodes = (): readonly Code[] =>
  DOCUMENTS.flatMap((document) =>
    readMarkdown(document).prose.flatMap((line) =>
      [...line.text.matchAll(/(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)/g)].map(([, , text = '']) => ({
        ...line,
        text: text.trim().replaceAll('\\|', '|'),
      })),
    ),
  )
