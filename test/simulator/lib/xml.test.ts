import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../../simulator/lib/random.ts'
import { formatXml, parseXml } from '../../../simulator/lib/xml.ts'

function valueOf(xml: string): string | undefined {
  const parsed = parseXml(xml)
  return parsed.ok ? parsed.fields.get('a') : undefined
}

describe('the XML reader', () => {
  it('reads plain text, CDATA, and mixtures of both', () => {
    expect(valueOf('<xml><a>1</a></xml>')).toBe('1')
    expect(valueOf('<xml><a><![CDATA[<b>&amp;</b>]]></a></xml>')).toBe('<b>&amp;</b>')
    expect(valueOf('<xml><a>1<![CDATA[2]]>3</a></xml>')).toBe('123')
    expect(valueOf('<xml><a></a></xml>')).toBe('')
    expect(valueOf('<xml><a/></xml>')).toBe('')
  })

  it('keeps every value unchanged', () => {
    expect(valueOf('<xml><a>0100</a></xml>')).toBe('0100')
    expect(valueOf('<xml><a> 1 </a></xml>')).toBe(' 1 ')
    expect(valueOf('<xml><a>4200000540202401020123456789</a></xml>')).toBe(
      '4200000540202401020123456789',
    )
  })

  it('decodes the five entities and numeric character references in plain text', () => {
    expect(valueOf('<xml><a>&lt;&gt;&amp;&quot;&apos;&#20070;&#x4E66;</a></xml>')).toBe(
      '<>&"\'书书',
    )
  })

  it('accepts a declaration, white space between elements, and CRLF', () => {
    expect(
      valueOf('<?xml version="1.0" encoding="UTF-8"?>\r\n<xml>\r\n  <a>1\r\n2</a>\r\n</xml>\r\n'),
    ).toBe('1\n2')
  })

  it.each([
    ['an empty text', ''],
    ['a text that is not XML', 'appid=1'],
    ['JSON', '{"a":1}'],
    ['another root', '<root><a>1</a></root>'],
    ['an empty root tag', '<xml/>'],
    ['an unclosed root', '<xml><a>1</a>'],
    ['an unclosed element', '<xml><a>1</xml>'],
    ['a wrong end tag', '<xml><a>1</b></xml>'],
    ['text after the root', '<xml><a>1</a></xml><xml></xml>'],
    ['a name that appears twice', '<xml><a>1</a><a>2</a></xml>'],
    ['a second level', '<xml><a><b>1</b></a></xml>'],
    ['text between the elements', '<xml>\\n<a>1</a></xml>'],
    ['an attribute', '<xml><a b="1">1</a></xml>'],
    ['a DOCTYPE', '<!DOCTYPE xml><xml><a>1</a></xml>'],
    ['an entity of its own', '<!DOCTYPE xml [<!ENTITY e "1">]><xml><a>&e;</a></xml>'],
    ['an unknown entity', '<xml><a>&e;</a></xml>'],
    ['a bare ampersand', '<xml><a>a&b</a></xml>'],
    ['a comment', '<xml><!-- --><a>1</a></xml>'],
    ['a processing instruction', '<xml><?php ?><a>1</a></xml>'],
    ['CDATA without an end', '<xml><a><![CDATA[1</a></xml>'],
    ['the end of CDATA in plain text', '<xml><a>]]></a></xml>'],
    ['a control character', '<xml><a>\u0000</a></xml>'],
    ['a control character by number', '<xml><a>&#0;</a></xml>'],
    ['a character beyond Unicode', '<xml><a>&#x110000;</a></xml>'],
  ])('refuses %s', (_, xml) => {
    expect(parseXml(xml)).toMatchObject({ ok: false })
  })

  it('refuses more elements than any payment message has', () => {
    const many = Array.from({ length: 1_001 }, (_, n) => [`a${n}`, '1'] as const)

    expect(parseXml(formatXml(many))).toEqual({ ok: false, why: 'too many elements' })
  })

  it('reads elements named like properties of Object.prototype', () => {
    const parsed = parseXml('<xml><__proto__>1</__proto__><constructor>2</constructor></xml>')

    expect(parsed.ok && [...parsed.fields]).toEqual([
      ['__proto__', '1'],
      ['constructor', '2'],
    ])
  })

  it('reads back everything that the writer wrote', () => {
    const alphabet = ['<', '>', '&', ']', ']]>', '<![CDATA[', '"', ' ', '\n', '书', '😀', 'a', '=']
    const random = seededRandom(1)
    for (let round = 0; round < 300; round++) {
      const value = [...random(12)].map((byte) => alphabet[byte % alphabet.length]).join('')
      const isBare = round % 2 === 0

      expect(valueOf(formatXml({ a: value }, { bare: () => isBare }))).toBe(value)
    }
  })
})

describe('the XML writer', () => {
  it('writes CDATA, bare integers and line feeds as ordered', () => {
    const xml = formatXml(
      { total_fee: '1', body: 'x', empty: '' },
      { bare: (name) => name === 'total_fee', newlines: 1 },
    )

    expect(xml).toBe(
      '<xml><total_fee>1</total_fee>\n<body><![CDATA[x]]></body><empty></empty></xml>',
    )
  })
})
