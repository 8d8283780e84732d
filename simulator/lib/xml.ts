import { entriesOf, type Fields } from './fields.ts'
import { XML_ELEMENTS_MAX } from './limits.ts'

// WeChat Pay V2 uses a very small part of XML: one root, and below it one flat level of elements with text or CDATA and without
// attributes. The parser in this file accepts exactly that. It refuses a DOCTYPE, a comment, a second level and a name that
// appears twice: the signature covers names and values, so a document that two parsers could read differently is an attack or a
// mistake.

/** The names and values of a parsed document, or why the parser refused the document. */
export type ParsedXml =
  { ok: true; fields: ReadonlyMap<string, string> } | { ok: false; why: string }

const DECLARATION = /^<\?xml\s[^<>]*\?>/
const NAME = /[A-Za-z_][A-Za-z0-9_.-]*/y
const ENTITY = /&(?:#x([0-9A-Fa-f]{1,6})|#([0-9]{1,7})|(lt|gt|amp|quot|apos));/y
const ENTITIES: Readonly<Record<string, string>> = {
  lt: '<',
  gt: '>',
  amp: '&',
  quot: '"',
  apos: "'",
}
const CDATA_START = '<![CDATA['
const CDATA_END = ']]>'

/** Parses one flat document. Values stay text: they are never trimmed, and never converted to numbers. */
export function parseXml(text: string, root = 'xml'): ParsedXml {
  try {
    return { ok: true, fields: new Reader(text).document(root) }
  } catch (error) {
    if (error instanceof Malformed) return { ok: false, why: error.message }
    throw error
  }
}

/** How `formatXml` writes a message as an XML document. */
export type XmlStyle = {
  root?: string
  /** Which elements are written as plain text instead of CDATA, as WeChat does with integers. Default: none. */
  bare?: (name: string, value: string) => boolean
  /** How many elements, counted from the first, are followed by a line feed. Default: all. */
  newlines?: number
}

/** Writes one flat document, with the elements in the given order. Every element that is not `bare` is CDATA. */
export function formatXml(fields: Fields, style: XmlStyle = {}): string {
  const { root = 'xml', bare = () => false, newlines = Infinity } = style
  const elements = entriesOf(fields).map(([name, value], index) => {
    const content = bare(name, value) ? escapeText(value) : cdata(value)
    return `<${name}>${content}</${name}>${index < newlines ? '\n' : ''}`
  })
  return `<${root}>${elements.join('')}</${root}>`
}

function cdata(value: string): string {
  if (value === '') return ''
  return CDATA_START + value.replaceAll(CDATA_END, `]]${CDATA_END}${CDATA_START}>`) + CDATA_END
}

function escapeText(value: string): string {
  const markup = value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
  // An XML parser turns a bare CR into LF, which would break the signature. So CR is written as a character reference.
  return markup.replaceAll('\r', '&#13;')
}

class Malformed extends Error {}

class Reader {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    // XML 1.0 §2.11: a parser turns CR LF and CR into LF. So a message whose sender signs CR LF has a wrong signature at
    // WeChat, too.
    this.#text = text.replace(/\r\n?/g, '\n')
  }

  document(root: string): Map<string, string> {
    const fields = new Map<string, string>()
    this.#at = DECLARATION.exec(this.#text)?.[0].length ?? 0
    this.#space()
    this.#expect(`<${root}>`)
    this.#space()
    while (!this.#has('</')) {
      this.#element(fields)
      this.#space()
    }
    this.#expect(`</${root}>`)
    this.#space()
    if (this.#at !== this.#text.length) throw new Malformed('something follows the root element')
    return fields
  }

  #element(fields: Map<string, string>): void {
    this.#expect('<')
    const name = this.#name()
    if (this.#take('/>')) return this.#keep(fields, name, '')
    this.#expect('>')
    const value = this.#value()
    this.#expect(`</${name}>`)
    this.#keep(fields, name, value)
  }

  #keep(fields: Map<string, string>, name: string, value: string): void {
    if (fields.has(name)) throw new Malformed(`element ${name} appears twice`)
    if (fields.size === XML_ELEMENTS_MAX) throw new Malformed('too many elements')
    fields.set(name, value)
  }

  #value(): string {
    let value = ''
    while (!this.#has('</')) {
      if (this.#at >= this.#text.length) throw new Malformed('the document ends within an element')
      if (this.#take(CDATA_START)) value += this.#cdataRest()
      else if (this.#has('<')) throw new Malformed('markup within an element')
      else if (this.#has(CDATA_END)) throw new Malformed('"]]>" in plain text')
      else if (this.#has('&')) value += this.#entity()
      else value += this.#character()
    }
    return value
  }

  #cdataRest(): string {
    const end = this.#text.indexOf(CDATA_END, this.#at)
    if (end === -1) throw new Malformed('CDATA without an end')
    const value = this.#text.slice(this.#at, end)
    if (![...value].every(isXmlCharacter)) throw new Malformed('a character that XML forbids')
    this.#at = end + CDATA_END.length
    return value
  }

  #entity(): string {
    ENTITY.lastIndex = this.#at
    const [match, hex, decimal, name] = ENTITY.exec(this.#text) ?? []
    if (match === undefined) throw new Malformed('an entity that XML does not define')
    this.#at += match.length
    if (name !== undefined) return ENTITIES[name] ?? ''
    const code = hex === undefined ? Number.parseInt(decimal ?? '', 10) : Number.parseInt(hex, 16)
    const character = code <= 0x10ffff ? String.fromCodePoint(code) : ''
    if (!isXmlCharacter(character)) throw new Malformed('a character that XML forbids')
    return character
  }

  #character(): string {
    const character = String.fromCodePoint(this.#text.codePointAt(this.#at) ?? 0)
    if (!isXmlCharacter(character)) throw new Malformed('a character that XML forbids')
    this.#at += character.length
    return character
  }

  #name(): string {
    NAME.lastIndex = this.#at
    const name = NAME.exec(this.#text)?.[0]
    if (name === undefined) throw new Malformed('not an element')
    this.#at += name.length
    return name
  }

  #space(): void {
    while (/^[ \t\n]/.test(this.#text.charAt(this.#at))) this.#at += 1
  }

  #has(text: string): boolean {
    return this.#text.startsWith(text, this.#at)
  }

  #take(text: string): boolean {
    if (!this.#has(text)) return false
    this.#at += text.length
    return true
  }

  #expect(text: string): void {
    if (!this.#take(text)) throw new Malformed(`expected ${text}`)
  }
}

/** Whether XML allows a character (XML 1.0 §2.2, `Char`). A lone surrogate is not allowed. */
function isXmlCharacter(character: string): boolean {
  const code = character.codePointAt(0)
  if (code === undefined) return false
  if (code < 0x20) return code === 0x09 || code === 0x0a || code === 0x0d
  return code <= 0xd7ff || (code >= 0xe000 && code <= 0xfffd) || code >= 0x10000
}
