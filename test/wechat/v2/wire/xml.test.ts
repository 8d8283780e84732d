import { describe, expect, it } from 'vitest'
import { formatXml, parseXml, parseXmlBytes } from '../../../../src/wechat/v2/wire/xml.ts'
import { utf8 } from '../../../../testing/wire/wire.ts'

const read = (text: string) => {
  const parsed = parseXmlBytes(utf8(text))
  return parsed.ok ? Object.fromEntries(parsed.value) : parsed.error
}
/** The value of the element `a` with this content, or the reason why it is refused. */
const valueOf = (content: string) => {
  const parsed = parseXmlBytes(utf8(`<xml><a>${content}</a></xml>`))
  return parsed.ok ? parsed.value.get('a') : parsed.error.reason
}

describe('a value', () => {
  it.each([
    ['a leading zero', '0100'],
    ['an exponent', '1e5'],
    ['a transaction number', '4200000540202005267407409907'],
    ['an amount', '1.00'],
    ['a hexadecimal form', '0x10'],
    ['a word that looks like a boolean', 'true'],
    ['a word that looks like null', 'null'],
    ['a blank before', ' 1'],
    ['a blank behind', '1 '],
    ['blanks inside', 'a  b'],
    ['only blanks', '   '],
    ['a tab and a line feed', '\t1\n'],
    ['JSON', '{"goods_detail":[{"goods_id":"g1","quantity":1}]}'],
    ['Chinese', '测试商店-图书'],
    ['a character beyond the first plane', '👍🏽'],
    ['a no-break space', '\u00a01\u00a0'],
  ])('with %s is kept, plain or in CDATA', (_, value) => {
    expect(valueOf(value)).toBe(value)
    expect(valueOf(`<![CDATA[${value}]]>`)).toBe(value)
  })

  it('may be empty in three ways', () => {
    expect(read('<xml><a></a><b><![CDATA[]]></b><c/></xml>')).toEqual({ a: '', b: '', c: '' })
  })

  it('in CDATA is raw: markup, entities and a DOCTYPE are only text', () => {
    expect(valueOf('<![CDATA[a=1&b=<2>]]>')).toBe('a=1&b=<2>')
    expect(valueOf('<![CDATA[&amp;&lt;&#20070;&unknown;]]>')).toBe('&amp;&lt;&#20070;&unknown;')
    expect(valueOf('<![CDATA[<!DOCTYPE html><!-- x --><?php ?></a></xml>]]>')).toBe(
      '<!DOCTYPE html><!-- x --><?php ?></a></xml>',
    )
    expect(valueOf('<![CDATA[<![CDATA[]]>')).toBe('<![CDATA[')
    expect(valueOf('<![CDATA[]]]]>')).toBe(']]')
  })

  it('with "]]>" is read from two sections', () => {
    expect(valueOf('<![CDATA[x]]]]><![CDATA[>y]]>')).toBe('x]]>y')
    expect(valueOf('<![CDATA[x]]]><![CDATA[]>y]]>')).toBe('x]]>y')
  })

  it('may mix text and CDATA', () => {
    expect(valueOf('1<![CDATA[2]]>3')).toBe('123')
    expect(valueOf(' <![CDATA[ 2 ]]> ')).toBe('  2  ')
    expect(valueOf('\n<![CDATA[2]]>\n')).toBe('\n2\n')
    expect(valueOf('&lt;<![CDATA[&lt;]]>&lt;')).toBe('<&lt;<')
  })

  it('in plain text has the five entities decoded', () => {
    expect(valueOf('&lt;&gt;&amp;&quot;&apos;')).toBe('<>&"\'')
  })

  it('in plain text has numeric references decoded', () => {
    expect(valueOf('&#20070;&#x4E66;&#x4e66;')).toBe('书书书')
    expect(valueOf('&#128512;&#x1F600;')).toBe('😀😀')
    expect(valueOf('&#9;&#10;&#13;&#32;')).toBe('\t\n\r ')
    expect(valueOf('&#x10FFFD;')).toBe('\u{10FFFD}')
  })

  it('is never decoded twice', () => {
    expect(valueOf('&amp;lt;')).toBe('&lt;')
    expect(valueOf('&#38;lt;')).toBe('&lt;')
    expect(valueOf('&#x26;#60;')).toBe('&#60;')
    expect(valueOf('&amp;amp;amp;')).toBe('&amp;amp;')
    expect(valueOf('&#38;<![CDATA[lt;]]>')).toBe('&lt;')
  })

  it('that looks like a replacement pattern of JavaScript is only text', () => {
    expect(valueOf("<![CDATA[$&$1$$$'`]]>")).toBe("$&$1$$$'`")
    expect(valueOf('$&amp;$1$$')).toBe('$&$1$$')
  })
})

describe('a message', () => {
  it('is read in its own order', () => {
    const parsed = parseXml('<xml><b>1</b><a>2</a><B>3</B></xml>')

    expect(parsed.ok && [...parsed.value]).toEqual([
      ['b', '1'],
      ['a', '2'],
      ['B', '3'],
    ])
  })

  it('keeps unknown elements', () => {
    expect(read('<xml><total_fee>1</total_fee><future_field_x>1</future_field_x></xml>')).toEqual({
      total_fee: '1',
      future_field_x: '1',
    })
  })

  it('keeps element names that have a meaning elsewhere', () => {
    expect(read('<xml><text>1</text><xml>2</xml><_x>3</_x><cdata>4</cdata></xml>')).toEqual({
      text: '1',
      xml: '2',
      _x: '3',
      cdata: '4',
    })
  })

  it.each([
    ['a line feed behind every element', '<xml>\n<a>1</a>\n<b>2</b>\n</xml>\n'],
    ['Windows line ends', '<xml>\r\n<a>1</a>\r\n<b>2</b>\r\n</xml>\r\n'],
    ['indentation', '<xml>\n  <a>1</a>\n\t<b>2</b>\n</xml>'],
    ['blanks around it', ' \n<xml><a>1</a><b>2</b></xml>\n '],
    ['a declaration', '<?xml version="1.0" encoding="UTF-8"?><xml><a>1</a><b>2</b></xml>'],
    [
      "the Java SDK's declaration",
      '<?xml version="1.0" encoding="UTF-8" standalone="no"?>\n<xml>\n<a>1</a>\n<b>2</b>\n</xml>',
    ],
  ])('may have %s', (_, text) => {
    expect(read(text)).toEqual({ a: '1', b: '2' })
  })

  it('of the official page is read', () => {
    const reply = `<xml>
 <return_code><![CDATA[SUCCESS]]></return_code>
 <return_msg><![CDATA[OK]]></return_msg>
 <appid><![CDATA[wx2421b1c4370ec43b]]></appid>
 <sign><![CDATA[7921E432F65EB8ED0CE9755F0E86D72F]]></sign>
 <prepay_id><![CDATA[wx201411101639507cbf6ffd8b0779950874]]></prepay_id>
</xml>`

    expect(read(reply)).toEqual({
      return_code: 'SUCCESS',
      return_msg: 'OK',
      appid: 'wx2421b1c4370ec43b',
      sign: '7921E432F65EB8ED0CE9755F0E86D72F',
      prepay_id: 'wx201411101639507cbf6ffd8b0779950874',
    })
  })

  it('is read with CDATA and plain integers mixed, like the gateway sends it', () => {
    expect(
      read(
        '<xml><appid><![CDATA[wx1]]></appid>\n<cash_fee><![CDATA[1]]></cash_fee>\n<total_fee>1</total_fee>\n</xml>',
      ),
    ).toEqual({ appid: 'wx1', cash_fee: '1', total_fee: '1' })
  })

  it('with every coupon that WeChat allows is read', () => {
    const names = Array.from({ length: 150 }, (_, n) => `coupon_id_${n}`)
    const text = `<xml>${names.map((name) => `<${name}>1</${name}>`).join('')}</xml>`

    expect(Object.keys(read(text))).toEqual(names)
  })
})

describe('a message of ours', () => {
  it('has every value in CDATA, in the order given', () => {
    expect(
      formatXml(
        new Map([
          ['b', '1'],
          ['a', '书'],
        ]),
      ),
    ).toBe('<xml><b><![CDATA[1]]></b><a><![CDATA[书]]></a></xml>')
  })

  it('keeps "]]>" in two sections', () => {
    const text = formatXml(new Map([['a', 'x]]>y']]))

    expect(text).not.toContain('x]]>y')
    expect(read(text)).toEqual({ a: 'x]]>y' })
  })
})
