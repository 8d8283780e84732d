import { XMLParser } from 'fast-xml-parser'
import { describe, expect, it } from 'vitest'
import { formatXml } from '../../../../src/wechat/v2/wire/xml.ts'
import { seeded } from '../../../../testing/wire/seeded.ts'

/** The XML library, with only those of our options that keep a value as text. */
const library = new XMLParser({ parseTagValue: false, trimValues: false, processEntities: false })
const read = (xml: string): unknown => (library.parse(xml, true) as { xml: unknown }).xml

/** Reads CDATA sections as the XML standard defines them: from each start to the first end after it. */
function readSections(xml: string): string {
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
  ])('(%j) is read back unchanged', (value) => {
    const xml = formatXml(new Map([['a', value]]))

    expect(read(xml)).toEqual({ a: value })
    expect(readSections(xml)).toBe(value)
  })

  it('is read back unchanged for random values', () => {
    for (let seed = 1; seed <= 1_000; seed++) {
      const { below, pick } = seeded(seed)
      const value = Array.from({ length: 1 + below(9) }, () => pick(PIECES)).join('')
      const xml = formatXml(new Map([['a', value]]))

      expect(read(xml), `seed ${seed}: ${value}`).toEqual({ a: value })
      expect(readSections(xml), `seed ${seed}: ${value}`).toBe(value)
    }
  })

  it('does not change its neighbours', () => {
    const fields = { a: 'x]]', b: ']]>', c: '>y' }

    expect(read(formatXml(new Map(Object.entries(fields))))).toEqual(fields)
  })
})
