import { describe, expect, it } from 'vitest'
import { formatXml } from '../../../../simulator/lib/xml.ts'
import { parseXml, parseXmlBytes, XML_BYTES_MAX } from '../../../../src/wechat/v2/wire/xml.ts'
import { NOTICE, signed, utf8, wire } from '../../../../testing/wire/wire.ts'

const isRead = (bytes: Uint8Array): boolean => parseXmlBytes(bytes).ok
const reasonOf = (text: string): string => {
  const parsed = parseXmlBytes(utf8(text))
  return parsed.ok ? `read as ${JSON.stringify([...parsed.value])}` : parsed.error.reason
}

/** A message of this length. */
const ofLength = (bytes: number): string => {
  const empty = '<xml><a></a></xml>'
  return `<xml><a>${'x'.repeat(bytes - empty.length)}</a></xml>`
}

describe('a blank that is not white space in XML', () => {
  it.each([
    ['a byte order mark', '\ufeff'],
    ['a no-break space', '\u00a0'],
    ['an ideographic space', '\u3000'],
    ['a line separator', '\u2028'],
    ['a next line', '\u0085'],
  ])('(%s) counts as text, and is refused where text is refused', (_, blank) => {
    expect({
      'before the message': reasonOf(`${blank}<xml><a>1</a></xml>`),
      'behind the message': reasonOf(`<xml><a>1</a></xml>${blank}`),
      'before the declaration': reasonOf(`${blank}<?xml version="1.0"?><xml><a>1</a></xml>`),
      'in the declaration': reasonOf(`<?xml${blank}version="1.0"?><xml><a>1</a></xml>`),
      'behind the declaration': reasonOf(`<?xml version="1.0"?>${blank}<xml><a>1</a></xml>`),
      'between elements': reasonOf(`<xml>${blank}<a>1</a></xml>`),
      'in a tag': reasonOf(`<xml><a${blank}>1</a></xml>`),
      'in an end tag': reasonOf(`<xml><a>1</a${blank}></xml>`),
    }).toEqual({
      'before the message': expect.not.stringMatching(/^read/),
      'behind the message': expect.not.stringMatching(/^read/),
      'before the declaration': expect.not.stringMatching(/^read/),
      'in the declaration': expect.not.stringMatching(/^read/),
      'behind the declaration': expect.not.stringMatching(/^read/),
      'between elements': expect.not.stringMatching(/^read/),
      'in a tag': expect.not.stringMatching(/^read/),
      'in an end tag': expect.not.stringMatching(/^read/),
    })
  })
})

describe('a character that XML forbids', () => {
  it.each([
    ['NUL', '\u0000', '&#0;'],
    ['a bell', '\u0007', '&#7;'],
    ['a vertical tab', '\u000b', '&#xB;'],
    ['an escape', '\u001b', '&#x1b;'],
    ['a noncharacter', '\uffff', '&#xFFFF;'],
    ['another noncharacter', '\ufffe', '&#65534;'],
  ])('(%s) is refused raw, in CDATA and as a reference', (_, raw, reference) => {
    expect(reasonOf(`<xml><a>${raw}</a></xml>`)).toBe('forbidden_character')
    expect(reasonOf(`<xml><a><![CDATA[${raw}]]></a></xml>`)).toBe('forbidden_character')
    expect(reasonOf(`<xml><a>${reference}</a></xml>`)).toBe('forbidden_character')
    expect(reasonOf(`<xml>${raw}<a>1</a></xml>`)).not.toMatch(/^read/)
  })

  it('(half of a surrogate pair) is refused, raw and as a reference', () => {
    expect(parseXml('<xml><a>\ud83d</a></xml>').ok).toBe(false)
    expect(parseXml('<xml><a><![CDATA[\ude00]]></a></xml>').ok).toBe(false)
    expect(reasonOf('<xml><a>&#xD83D;</a></xml>')).toBe('forbidden_character')
    expect(reasonOf('<xml><a>&#56832;</a></xml>')).toBe('forbidden_character')
  })

  it('(two halves as two references) is refused, and not read as one valid character', () => {
    expect(reasonOf('<xml><a>&#xD83D;&#xDE00;</a></xml>')).not.toMatch(/^read/)
  })

  it('(beyond Unicode) is refused', () => {
    expect(reasonOf('<xml><a>&#x110000;</a></xml>')).not.toMatch(/^read/)
    expect(reasonOf('<xml><a>&#9999999;</a></xml>')).not.toMatch(/^read/)
    expect(reasonOf('<xml><a>&#99999999999999999999;</a></xml>')).not.toMatch(/^read/)
  })
})

describe('bytes', () => {
  const around = (...bytes: number[]): Uint8Array =>
    Uint8Array.from([...utf8('<xml><a>'), ...bytes, ...utf8('</a></xml>')])

  it.each([
    ['an invalid start byte', [0xff]],
    ['a continuation byte without a start byte', [0x80]],
    ['a start byte without its continuation', [0xe4, 0xb9]],
    ['an overlong slash', [0xc0, 0xaf]],
    ['an overlong angle bracket', [0xe0, 0x80, 0xbc]],
    ['an overlong NUL', [0xc0, 0x80]],
    ['half of a surrogate pair', [0xed, 0xa0, 0xbd]],
    ['a surrogate pair in six bytes', [0xed, 0xa0, 0xbd, 0xed, 0xb8, 0x80]],
    ['a character beyond Unicode', [0xf4, 0x90, 0x80, 0x80]],
    ['a character in GBK', [0xca, 0xe9]],
  ])('with %s are not UTF-8', (_, bytes) => {
    expect(parseXmlBytes(around(...bytes))).toEqual({ ok: false, error: { reason: 'not_utf8' } })
  })

  it('that are UTF-16 are refused', () => {
    const text = '<xml><a>1</a></xml>'
    const little = Uint8Array.from([...text].flatMap((c) => [c.charCodeAt(0), 0]))
    const big = Uint8Array.from([...text].flatMap((c) => [0, c.charCodeAt(0)]))

    expect(isRead(little)).toBe(false)
    expect(isRead(big)).toBe(false)
    expect(isRead(Uint8Array.from([0xff, 0xfe, ...little]))).toBe(false)
    expect(isRead(Uint8Array.from([0xfe, 0xff, ...big]))).toBe(false)
  })

  it('that begin with a byte order mark are refused', () => {
    expect(isRead(Uint8Array.from([0xef, 0xbb, 0xbf, ...wire(signed(NOTICE))]))).toBe(false)
  })

  it('may be 64 KiB and not one byte more', () => {
    const whole = utf8(ofLength(64 * 1024))

    expect(whole.length).toBe(65_536)
    expect(XML_BYTES_MAX).toBe(65_536)
    expect(isRead(whole)).toBe(true)
    expect(reasonOf(ofLength(64 * 1024 + 1))).toBe('too_long')
    expect(reasonOf(ofLength(65 * 1024))).toBe('too_long')
    expect(parseXml(ofLength(65 * 1024)).ok).toBe(false)
  })

  it('are counted, not characters', () => {
    expect(reasonOf(`<xml><a>${'书'.repeat(22_000)}</a></xml>`)).toBe('too_long')
  })

  it('of a notice cut off anywhere are refused, and never throw', () => {
    const whole = utf8(formatXml({ ...signed(NOTICE), attach: '书]]>😀' }))
    expect(isRead(whole)).toBe(true)

    const read = Array.from(whole.keys()).filter((length) => isRead(whole.subarray(0, length)))
    expect(read).toEqual([])
  })

  it('of a notice without its beginning are refused, and never throw', () => {
    const whole = wire(signed(NOTICE))

    const read = Array.from(whole.keys()).filter((from) => from > 0 && isRead(whole.subarray(from)))
    expect(read).toEqual([])
  })
})
