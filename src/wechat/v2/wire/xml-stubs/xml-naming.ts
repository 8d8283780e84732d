/** Replaces fast-xml-parser's check of names in a DOCTYPE, which messages must not have: see `entities.ts`. */
export const qName = (): boolean => false

/**
 * Used only by fast-xml-parser's writer, which is not in the bundle, because `formatXml` writes our messages.
 */
export function createValidator(): never {
  throw new Error('nothing is written by the library')
}
