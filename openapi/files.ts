/** The files of this repository that are made from the OpenAPI document. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { makeDocument } from './document.ts'
import { textOf } from './text.ts'

const ROOT = join(import.meta.dirname, '..')

/** A generated file: its path in the repository, and its text as it must be. */
export type GeneratedFile = Readonly<{ path: string; text: string }>

/** The document that the Worker serves. */
export const DOCUMENT = 'src/routes/document/openapi.json'

/** Makes all files. */
export async function makeFiles(): Promise<readonly GeneratedFile[]> {
  return [{ path: DOCUMENT, text: textOf(makeDocument()) }]
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
