import { XMLParser } from 'fast-xml-parser'
import { describe, expect, it } from 'vitest'
import { formatXml } from '../../../../src/wechat/v2/wire/xml.ts'
import { seeded } from '../../../../testing/wire/seeded.ts'

/** The library itself, with none of our options but those that keep a value a text. */
const library = new XMLParser({ parseTagValue: false, trimValues: false, processEntities: false })
const read = (xml: string): unknown => (library.parse(xml, true) as { xml: unknown }).xml

/** What a reader does with sections by the XML standard: from each opening to the first end after it. */
function readByHand(xml: string): string {
  let [value, rest] = ['', xml.slice('<xml><a>'.length, -'</a></xml>'.length)]
  while (rest !== '') {
    expect(rest.startsWith('<![CDATA['), `outside of a section: ${rest}`).toBe(true)
    const end = rest.indexOf(']]>')
    expect(end, `a section without end: ${rest}`).toBeGreaterThan(0)
    value += rest.slice('<![CDATA['.length, end)
    rest = rest.slice(end + ']]>'.length)
  }
  return value
}

const PIECES = [
  ']',
  ']]',
  ']]>',
  '>',
  '>>',
  '<![CDATA[',
  '<',
  '&',
  '&gt;',
  ']]&gt;',
  'a',
  '书',
  '😀',
  ' ',
] as const

describe('a value with the end of a CDATA section in it', () => {
  it.each([
    ']]>',
    ']]]>',
    ']]]]>',
    ']]]]>>',
    ']]>]]>',
    ']]>]]>]]>',
    'a]]>b',
    ']]',
    ']',
    '>',
    ']]> ]]',
    '<![CDATA[x]]>',
    ']]><![CDATA[',
    ']]></a><b>1</b><a><![CDATA[',
    ']]&gt;',
    '$&]]>$1',
  ])('%j comes back as it was', (value) => {
    const xml = formatXml(new Map([['a', value]]))

    expect(read(xml)).toEqual({ a: value })
    expect(readByHand(xml)).toBe(value)
  })

  it('comes back as it was, whatever it is made of', () => {
    for (let seed = 1; seed <= 1_000; seed++) {
      const { below, pick } = seeded(seed)
      const value = Array.from({ length: 1 + below(9) }, () => pick(PIECES)).join('')
      const xml = formatXml(new Map([['a', value]]))

      expect(read(xml), `seed ${seed}: ${value}`).toEqual({ a: value })
      expect(readByHand(xml), `seed ${seed}: ${value}`).toBe(value)
    }
  })

  it('does not run into its neighbours', () => {
    const fields = { a: 'x]]', b: ']]>', c: '>y' }

    expect(read(formatXml(new Map(Object.entries(fields))))).toEqual(fields)
  })
})
