/** XML that attacks a parser: external entities, entity expansion, deep nesting, wrong encodings. */
import type { Chance } from '../../simulation/run/random.ts'
import { type Body, bodyOf, utf8 } from './input.ts'

/** Picks an attack on an XML parser and builds it around the elements of the message `xml`. */
export function hostileXml(chance: Chance, xml: string): Body | string {
  const inner = xml.replace(/^\s*<xml>/, '').replace(/<\/xml>\s*$/, '')
  const many = chance.pick([10, 150, 450, 1_000, 5_000])
  const all: readonly (() => Body | string)[] = [
    () => `<!DOCTYPE xml [<!ENTITY x SYSTEM "file:///etc/passwd">]><xml>${inner}<a>&x;</a></xml>`,
    () => `<?xml version="1.0"?><!DOCTYPE xml SYSTEM "http://127.0.0.1/x.dtd">${xml}`,
    () => `<!DOCTYPE lolz [${billionLaughs()}]><xml><a>&l9;</a>${inner}</xml>`,
    () => `<xml>${'<a>'.repeat(many)}${'</a>'.repeat(many)}${inner}</xml>`,
    () => `<xml>${'<a>'.repeat(many)}`,
    () => `<xml>${Array.from({ length: many }, (_, n) => `<a${n}/>`).join('')}${inner}</xml>`,
    () => `<xml>${inner}<a>${'&amp;'.repeat(many)}</a></xml>`,
    () => `<xml>${inner}<a>${'&#x41;'.repeat(many)}</a></xml>`,
    () => `<xml>${inner}<a>&${'a'.repeat(many)}</a></xml>`,
    () => `<xml>${'<![CDATA['.repeat(many)}`,
    () => `<xml><a>${'<![CDATA[]]>'.repeat(many)}</a>${inner}</xml>`,
    () => `<xml><a><![CDATA[${']]'.repeat(many)}</a>${inner}</xml>`,
    () => `${' '.repeat(many)}${xml}${'\t'.repeat(many)}`,
    () => `${' '.repeat(60_000)}x`,
    () => `<?xml${' a="b"'.repeat(many)}?>${xml}`,
    () => `<?xml${' '.repeat(many * 10)}`,
    () => `<xml>${inner}</xml>${xml}`,
    () => `<xml xmlns="http://x">${inner}</xml>`,
    () => `<XML>${inner}</XML>`,
    () => `<xml>${inner}<${'a'.repeat(many)}>1</${'a'.repeat(many)}></xml>`,
    () => `<xml>${inner}<?php exit ?></xml>`,
    () => `<xml><!-- ${inner} --></xml>`,
    () => `<xml>${inner}<a>${'-'.repeat(many)}</a>`,
    () => `<xml>${inner.replaceAll('<', '&lt;')}</xml>`,
    () => xml.replace('<xml>', '<xml>\u0000'),
    () => xml.replace('<xml>', '<xml>\ud800'),
    () => bodyOf(Uint8Array.from(Buffer.from(xml, 'utf16le'))),
    () => bodyOf(Uint8Array.from([0xfe, 0xff, ...Buffer.from(xml, 'utf16le').swap16()])),
    () =>
      bodyOf(Uint8Array.from([...utf8('<xml><a>'), 0xc0, 0xaf, 0xed, 0xa0, 0x80, ...utf8(inner)])),
    () => bodyOf(Uint8Array.from(Buffer.from(xml, 'latin1'))),
    () => JSON.stringify({ xml: inner }),
    () => new URLSearchParams({ xml }).toString(),
  ]
  return chance.pick(all)()
}

const billionLaughs = (): string =>
  Array.from({ length: 10 }, (_, n) => {
    const value = n === 0 ? 'lol' : `&l${n - 1};`.repeat(10)
    return `<!ENTITY l${n} "${value}">`
  }).join('')
