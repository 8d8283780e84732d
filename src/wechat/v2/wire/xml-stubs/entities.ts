/**
 * Replaces a dependency of fast-xml-parser that is never used here, so that the Worker stays small. A
 * message with a DOCTYPE, which alone can declare entities, is refused before it is parsed, and `xml.ts`
 * decodes references. An alias in `wrangler.toml` puts this file into the bundle.
 */
export const XML = {}
export const COMMON_HTML = {}
export const CURRENCY = {}
export const ENTITY_ACTION = { ALLOW: 'allow', BLOCK: 'block' }

/** Never constructed, because `xml.ts` gives the parser a decoder of its own. */
export class EntityDecoder {
  constructor() {
    throw new Error('messages have no entities')
  }
}
