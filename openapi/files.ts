/** The files of this repository that are made from the OpenAPI document. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { makeDocument } from './document.ts'
import { type Example, makeMarkdown } from './markdown.ts'
import { textOf } from './text.ts'
import { makeClient } from './typescript.ts'
import { CHINESE } from './words/chinese.ts'
import { ENGLISH } from './words/english.ts'

const ROOT = join(import.meta.dirname, '..')

/** A generated file: its path in the repository, and its text as it must be. */
export type GeneratedFile = Readonly<{ path: string; text: string }>

/** The document that the Worker serves. */
export const DOCUMENT = 'src/routes/document/openapi.json'

/** Makes all files. @param examples Exchanges for the documents, by the name of the operation. */
export async function makeFiles(
  examples: ReadonlyMap<string, Example>,
): Promise<readonly GeneratedFile[]> {
  return [
    { path: DOCUMENT, text: textOf(makeDocument()) },
    { path: 'examples/shop-client/client.ts', text: await makeClient() },
    { path: 'docs/api.md', text: makeMarkdown(examples, ENGLISH) },
    { path: 'docs/api.zh-CN.md', text: makeMarkdown(examples, CHINESE) },
  ]
}

/** Where a file is. */
export const locate = (path: string): string => join(ROOT, path)

/** Whether a file of the repository is as it must be. */
export function isCurrent({ path, text }: GeneratedFile): boolean {
  try {
    return readFileSync(locate(path), 'utf8') === text
  } catch {
    return false
  }
}
