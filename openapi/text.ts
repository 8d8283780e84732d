/** The document as text: small, because it is part of the Worker, and one line for each part, so that a change can be read. */
import type { Json } from './json-schema.ts'

/** How many levels are broken into lines: `paths`, the path, the method; `components`, the kind, the name. */
const LEVELS = 3

/** @returns the text, ending in a line feed. */
export const textOf = (document: Json): string => `${lines(document, LEVELS)}\n`

function lines(value: unknown, levels: number): string {
  const isBroken =
    levels > 0 && typeof value === 'object' && value !== null && !Array.isArray(value)
  if (!isBroken) return JSON.stringify(value)
  const fields = Object.entries(value).map(
    ([name, field]) => `${JSON.stringify(name)}:${lines(field, levels - 1)}`,
  )
  return `{\n${fields.join(',\n')}\n}`
}
