/** Messages for the two readers of XML: of the plainest form, of every other form, and with damage at random places. */
import type { Chance } from '../../simulation/run/random.ts'
import { hostileXml } from './hostile-xml.ts'

const NAMES = [
  'return_code',
  'total_fee',
  'coupon_id_0',
  'a',
  'A',
  '_x',
  '__x',
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'xml',
  'root',
  'x-y',
  'x.y',
  'x:y',
  '1a',
  '名',
  'n'.repeat(64),
  'n'.repeat(65),
] as const
const PIECES = [
  'SUCCESS',
  '8800',
  '0100',
  '1e5',
  ' ',
  '  ',
  '\t',
  '\n',
  '\r',
  '\r\n',
  ']',
  ']]',
  ']]>',
  '>',
  '<',
  '&',
  '&amp;',
  '&#65;',
  '&#xD83D;',
  '&nbsp;',
  '=',
  '/',
  "'",
  '"',
  '书',
  '😀',
  '\u00a0',
  '\ufeff',
  '\u0001',
  '\u007f',
  '\ufffe',
  '<![CDATA[',
  '<![CDATA[]]>',
  '<!--',
  '-->',
  '<?x?>',
  '<!DOCTYPE x>',
  '</a>',
  '<a>',
  '<a/>',
  '',
] as const
const BLANKS = ['', '', '', '\n', '\r\n', ' ', '\t', '\n  ', '\u00a0', 'x', '<!-- -->'] as const

/** Of ten messages, about four have the plainest form. */
export function xmlMessage(chance: Chance): string {
  const kind = chance.below(10)
  if (kind === 0) {
    const body = hostileXml(chance, plainMessage(chance))
    return typeof body === 'string' ? body : new TextDecoder().decode(body.bytes)
  }
  if (kind <= 4) return plainMessage(chance)
  return kind <= 7 ? oddMessage(chance) : damaged(chance, plainMessage(chance))
}

const text = (chance: Chance, pieces: number): string =>
  Array.from({ length: chance.below(pieces) }, () => chance.pick(PIECES)).join('')

/**
 * A message as WeChat writes it. Its values may contain anything that their form can carry; now and then it has about as many
 * elements as are allowed, or a name that is not usual.
 */
function plainMessage(chance: Chance): string {
  const isLong = chance.below(40) === 0
  const count = isLong ? 190 + chance.below(20) : chance.below(12)
  const between = chance.pick(['', '\n', ' ', '\n\t'])
  const isUsual = chance.below(3) > 0
  const elements = Array.from({ length: count }, (_, n) => {
    const usual = `${chance.pick(['a', 'B', '_x', 'coupon_id'])}_${n}`
    const name = isUsual || chance.below(4) > 0 ? usual : chance.pick(NAMES)
    const value = isLong ? String(n) : text(chance, 4)
    const isPlain = chance.below(3) === 0 && !/[<>&]/.test(value)
    const inner = isPlain ? value : `<![CDATA[${value.replaceAll(']]>', ']]')}]]>`
    return `<${name}>${inner}</${name}>`
  })
  return `<xml>${between}${elements.join(between)}${between}</xml>${chance.pick(['', '\n', ' '])}`
}

/** A message of any form that an XML writer, or an attacker, may choose. */
function oddMessage(chance: Chance): string {
  const root = chance.pick(['xml', 'xml', 'xml', 'root', 'XML', 'xml '])
  const elements = Array.from({ length: chance.below(6) }, () => {
    const name = chance.pick(NAMES)
    const value = text(chance, 5)
    const escaped = value.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
    const open = chance.pick([
      `<${name}>`,
      `<${name}>`,
      `<${name}>`,
      `<${name} >`,
      `<${name} a="1">`,
    ])
    const close = chance.pick([`</${name}>`, `</${name}>`, `</${name}>`, `</${name} >`, ''])
    const inner = chance.pick([
      `<![CDATA[${value}]]>`,
      `<![CDATA[${value}]]>`,
      value,
      escaped,
      `<![CDATA[${value}]]>${value}`,
      `${escaped}<![CDATA[${value}]]>`,
      `<![CDATA[${value}]]><![CDATA[${value}]]>`,
      '',
    ])
    return chance.below(12) === 0 ? `<${name}/>` : `${open}${inner}${close}`
  })
  const body = elements.map((element) => element + chance.pick(BLANKS)).join('')
  const declaration = chance.pick([
    '',
    '',
    '',
    '<?xml version="1.0" encoding="UTF-8"?>',
    ' ',
    '\ufeff',
  ])
  return `${declaration}<${root}>${chance.pick(BLANKS)}${body}</${root}>${chance.pick(BLANKS)}`
}

/** A message with up to three places cut out, and something else put in. */
function damaged(chance: Chance, message: string): string {
  let cut = message
  for (let cuts = 1 + chance.below(3); cuts > 0; cuts--) {
    const from = chance.below(cut.length)
    const to = Math.min(cut.length, from + chance.below(4))
    cut = cut.slice(0, from) + chance.pick(PIECES) + cut.slice(to)
  }
  return cut
}
