/**
 * Parses and writes WeChat's messages: one flat `<xml>` element whose children contain only text.
 *
 * Anyone can post to `/notify`, and a message must be parsed before its signature can be verified. So the
 * parser trusts no message: in 2018, WeChat's own SDK read local files for any sender of a DOCTYPE. First
 * {@link MARKUP} refuses every message with markup that WeChat does not use. Only then fast-xml-parser parses
 * the message.
 */
import { XMLParser } from 'fast-xml-parser'
import { err, ok, type Result } from '../../../lib/result.ts'
import { readPlainXml } from './plain-xml.ts'

/**
 * The text of each element, by element name. The text is unchanged: leading zeros, `1e5`, numbers of 28
 * digits and spaces stay as they were sent.
 */
export type Fields = ReadonlyMap<string, string>

/** Why the XML of a message cannot be parsed. */
export type XmlError = Readonly<
  | { reason: 'too_long' }
  | { reason: 'not_utf8' }
  | { reason: 'forbidden_character' }
  | { reason: 'forbidden_markup' }
  | { reason: 'too_many_elements' }
  | { reason: 'malformed' }
  | { reason: 'not_flat' }
  | { reason: 'duplicate_element'; name: string }
>

/**
 * The maximum size of a message, in bytes. It protects the Worker and is not a limit of WeChat: real
 * messages have one to four KiB.
 */
export const XML_BYTES_MAX = 64 * 1024

/** The name of the root element: `xml` in a message, `root` in the decrypted part of a refund notice. */
export type RootName = 'xml' | 'root'

/**
 * The decoder keeps a byte order mark, so that the message is refused: WeChat sends none, and the signature does not
 * cover it.
 */
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const BLANK = ' \t\r\n'
const CDATA_OPEN = '<![CDATA['
const CDATA_CLOSE = ']]>'
/**
 * The maximum number of elements in a message that anyone may send. WeChat allows 28 coupons for one payment, each
 * with three elements in its notice, beside some thirty others.
 *
 * @see https://pay.weixin.qq.com/doc/v3/merchant/4015880636 for the number of coupons
 */
const ELEMENTS_MAX = 200
/**
 * The maximum number of elements in an answer to a call of ours. The longest answer is a page of refundquery: ten
 * refunds with 11 elements each and three more for each of 28 coupons, and 22 others, are 972. The rest is room for
 * elements that WeChat may add.
 *
 * @see https://pay.weixin.qq.com/doc/v2/merchant/4011939577
 */
export const ANSWER_ELEMENTS_MAX = 1_200
const DECLARATION = /^<\?xml(?:[ \t\r\n]+[a-z]+=(?:"[^"<>&]*"|'[^'<>&]*'))*[ \t\r\n]*\?>[ \t\r\n]*/
/** What a message may contain outside CDATA: tags without attributes, text, and known references. */
const MARKUP =
  /^<(?:xml|root)(?:[ \t\r\n]*\/)?>(?:[^<&]|<\/?[A-Za-z_]\w{0,63}[ \t\r\n]*\/?>|&(?:lt|gt|amp|quot|apos|#\d{1,7}|#x[0-9A-Fa-f]{1,6});)*$/
/** A character that is refused. Of the control characters only tab, LF and CR are allowed, as in XML 1.0. */
const FORBIDDEN_CHARACTER = /[^\t\n\r\x20-\x7E\x80-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/u

/** Replaces fast-xml-parser's decoder of entities and decodes nothing: `decodeReferences` does that. */
const noEntities = {
  setExternalEntities() {},
  addInputEntities() {
    throw new Error('a DOCTYPE is refused before parsing')
  },
  reset() {},
  setXmlVersion() {},
  decode: (text: string) => text,
}

// Every option is set, because fast-xml-parser's defaults change values: "0100" becomes 100, a number of 28
// digits becomes 4.2e27, and spaces are trimmed. The signature of the changed values would be wrong.
const parser = new XMLParser({
  preserveOrder: true,
  parseTagValue: false,
  parseAttributeValue: false,
  trimValues: false,
  ignoreAttributes: true,
  ignoreDeclaration: true,
  ignorePiTags: true,
  allowBooleanAttributes: false,
  alwaysCreateTextNode: false,
  removeNSPrefix: false,
  processEntities: false, // `decodeReferences` decodes references, each once and none inside CDATA
  entityDecoder: noEntities,
  htmlEntities: false,
  textNodeName: '#text',
  cdataPropName: '#cdata',
  stopNodes: [],
  unpairedTags: [],
  transformTagName: false,
})

/**
 * Parses the bytes of a message. Never throws, because anyone can send any bytes.
 *
 * @param elementsMax More than the default only for answers of WeChat, since the work grows with the elements.
 */
export function parseXmlBytes(
  bytes: Uint8Array,
  rootName: RootName = 'xml',
  elementsMax = ELEMENTS_MAX,
): Result<Fields, XmlError> {
  if (bytes.length > XML_BYTES_MAX) return err({ reason: 'too_long' })
  let text: string
  try {
    text = utf8.decode(bytes)
  } catch {
    return err({ reason: 'not_utf8' })
  }
  return parseXml(text, rootName, elementsMax)
}

/** Parses the XML text of a message from WeChat. Never throws. */
export function parseXml(
  text: string,
  rootName: RootName = 'xml',
  elementsMax = ELEMENTS_MAX,
): Result<Fields, XmlError> {
  if (text.length > XML_BYTES_MAX) return err({ reason: 'too_long' })
  if (FORBIDDEN_CHARACTER.test(text)) return err({ reason: 'forbidden_character' })
  const plain = readPlainXml(text, rootName, elementsMax)
  return plain === undefined ? parseWithLibrary(text, rootName, elementsMax) : ok(plain)
}

/** Parses a message of any form: the reader of record, with which the reader of the plain form must agree. */
export function parseWithLibrary(
  text: string,
  rootName: RootName,
  elementsMax: number,
): Result<Fields, XmlError> {
  const body = withoutBlankEnds(text).replace(DECLARATION, '')
  // CDATA sections are not checked: in them even a DOCTYPE is plain text, and the shop's attach may contain it.
  const markup = withoutCdata(body)
  if (!MARKUP.test(markup) || markup.includes(CDATA_CLOSE))
    return err({ reason: 'forbidden_markup' })
  if (markup.split('<').length > 2 * elementsMax) return err({ reason: 'too_many_elements' })

  let nodes: unknown
  try {
    nodes = parser.parse(body, true)
  } catch {
    return err({ reason: 'malformed' })
  }
  if (!Array.isArray(nodes) || nodes.length !== 1) return err({ reason: 'malformed' })
  const root = (nodes[0] as Node)[rootName]
  if (!Array.isArray(root)) return err({ reason: 'malformed' })
  return readFields(root)
}

/** Writes a message: one element for each field, in the order of the map, with its value in CDATA. */
export function formatXml(fields: Fields): string {
  const children = Array.from(fields, ([name, value]) => `<${name}>${cdata(value)}</${name}>`)
  return `<xml>${children.join('')}</xml>`
}

/** A CDATA section cannot contain `]]>`, so a value that contains it is split into two sections. */
const cdata = (value: string): string =>
  CDATA_OPEN + value.replaceAll(CDATA_CLOSE, `]]${CDATA_CLOSE}${CDATA_OPEN}>`) + CDATA_CLOSE

/**
 * Removes spaces and line breaks at both ends. `trim()` would also remove a byte order mark, and the regular
 * expression `\s+$` takes quadratic time.
 */
function withoutBlankEnds(text: string): string {
  let from = 0
  let to = text.length
  while (from < to && BLANK.includes(text.charAt(from))) from++
  while (to > from && BLANK.includes(text.charAt(to - 1))) to--
  return text.slice(from, to)
}

/** Removes CDATA sections, in linear time even when sections are nested or not closed. */
function withoutCdata(text: string): string {
  let markup = ''
  let from = 0
  for (;;) {
    const open = text.indexOf(CDATA_OPEN, from)
    const close = open < 0 ? -1 : text.indexOf(CDATA_CLOSE, open + CDATA_OPEN.length)
    if (close < 0) return markup + text.slice(from) // an unclosed CDATA section is kept, so that MARKUP refuses it
    markup += text.slice(from, open)
    from = close + CDATA_CLOSE.length
  }
}

/** A node as fast-xml-parser returns it: `{ name: children }`, or `{ '#text': value }`. */
type Node = Readonly<Record<string, unknown>>

function readFields(root: readonly unknown[]): Result<Fields, XmlError> {
  const fields = new Map<string, string>()
  for (const node of root as readonly Node[]) {
    const [name, children] = Object.entries(node)[0] ?? []
    if (name === '#text' && typeof children === 'string' && withoutBlankEnds(children) === '')
      continue
    // fast-xml-parser renames elements whose names are members of Object, such as `toString` to `__toString`.
    // Names are part of the signed text, so a message with a renamed element could not be verified. It is
    // refused.
    if (name === undefined || /^(#|__)/.test(name) || !Array.isArray(children)) {
      return err({ reason: 'not_flat' })
    }
    const value = readText(children)
    if (value === undefined) return err({ reason: 'not_flat' })
    if (fields.has(name)) return err({ reason: 'duplicate_element', name })
    fields.set(name, value)
  }
  for (const value of fields.values()) {
    if (FORBIDDEN_CHARACTER.test(value)) return err({ reason: 'forbidden_character' })
  }
  return ok(fields)
}

/**
 * Reads the text of one element. References are decoded in plain text, but not in CDATA.
 *
 * @returns undefined when the element contains other elements.
 */
function readText(children: readonly unknown[]): string | undefined {
  let text = ''
  for (const child of children as readonly Node[]) {
    const [kind, content] = Object.entries(child)[0] ?? []
    if (kind === '#text' && typeof content === 'string') text += decodeReferences(content)
    else if (kind === '#cdata' && Array.isArray(content)) text += rawText(content)
    else return undefined
  }
  return text
}

const rawText = (content: readonly unknown[]): string =>
  (content as readonly Node[])
    .map(({ '#text': text }) => (typeof text === 'string' ? text : ''))
    .join('')

const NAMED: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" }

function decodeReferences(text: string): string {
  return text.replace(/&(?:#x([0-9A-Fa-f]+)|#(\d+)|(\w+));/g, (_, hex, decimal, name) => {
    if (name !== undefined) return NAMED[name as string] ?? '\0'
    const code = hex === undefined ? Number(decimal) : Number.parseInt(hex as string, 16)
    // A code point that does not exist becomes NUL, which the later check for forbidden characters refuses.
    // So does half of a surrogate pair, because two references must not form one character.
    const isSurrogate = code >= 0xd800 && code <= 0xdfff
    return code <= 0x10ffff && !isSurrogate ? String.fromCodePoint(code) : '\0'
  })
}
