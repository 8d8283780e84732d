/**
 * Replaces the dependency of fast-xml-parser that decodes entities, so that the Worker stays small. It is never
 * used: only a DOCTYPE can declare entities, and `xml.ts` refuses a message with a DOCTYPE before parsing, and
 * decodes references itself. An alias in `wrangler.toml` puts this file into the bundle.
 */
export const XML = {}
export const COMMON_HTML = {}
export const CURRENCY = {}
export const ENTITY_ACTION = { ALLOW: 'allow', BLOCK: 'block' }

/** The parser's default decoder. Never constructed, because `xml.ts` passes its own decoder to the parser. */
export class EntityDecoder {
  constructor() {
    throw new Error('messages have no entities')
  }
}
