/**
 * Stands in for what fast-xml-parser brings along and never uses here: it keeps the Worker small. A
 * DOCTYPE, and so every entity that one could declare, is refused before the parser sees the message,
 * and references are decoded by ourselves (see `xml.ts`). `wrangler.toml` puts it into the bundle.
 */
export const XML = {}
export const COMMON_HTML = {}
export const CURRENCY = {}
export const ENTITY_ACTION = { ALLOW: 'allow', BLOCK: 'block' }

export class EntityDecoder {
  constructor() {
    throw new Error('messages have no entities')
  }
}
