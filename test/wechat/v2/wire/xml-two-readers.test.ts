import { describe, expect, it } from 'vitest'
import {
  formatXml as simulatorWrites,
  parseXml as simulatorReads,
} from '../../../../simulator/lib/xml.ts'
import { formatXml, parseXml } from '../../../../src/wechat/v2/wire/xml.ts'
import { seeded } from '../../../../testing/wire/seeded.ts'
import { NOTICE, signed } from '../../../../testing/wire/wire.ts'

const PIECES = [
  '<',
  '>',
  '&',
  ']',
  ']]',
  ']]>',
  '<![CDATA[',
  '&amp;',
  '&#38;',
  '"',
  "'",
  '/',
  '\\',
  '$&',
  ' ',
  '  ',
  '\t',
  '\n',
  '0',
  '1e5',
  '=',
  'a',
  '书',
  '😀',
  '\u00a0',
  '<!DOCTYPE',
  '</a>',
  '',
] as const

type Chance = ReturnType<typeof seeded>

function randomFields(chance: Chance): Map<string, string> {
  const fields = new Map<string, string>()
  const count = 1 + chance.below(6)
  for (let n = 0; n < count; n++) {
    const pieces = Array.from({ length: chance.below(8) }, () => chance.pick(PIECES))
    fields.set(`${chance.pick(['a', 'B', '_x', 'coupon_id'])}_${n}`, pieces.join(''))
  }
  return fields
}

const ours = (text: string): string => {
  const parsed = parseXml(text)
  return parsed.ok ? JSON.stringify([...parsed.value]) : 'refused'
}
const theirs = (text: string): string => {
  const parsed = simulatorReads(text)
  return parsed.ok ? JSON.stringify([...parsed.fields]) : 'refused'
}

describe('two readers that share no code', () => {
  it('read back everything that we write', () => {
    for (let seed = 1; seed <= 500; seed++) {
      const fields = randomFields(seeded(seed))
      const text = formatXml(fields)

      expect(ours(text), `seed ${seed}: ${text}`).toBe(JSON.stringify([...fields]))
      expect(theirs(text), `seed ${seed}: ${text}`).toBe(JSON.stringify([...fields]))
    }
  })

  it('agree about everything that the simulator writes, in CDATA or plain', () => {
    for (let seed = 1; seed <= 500; seed++) {
      const chance = seeded(seed)
      const fields = randomFields(chance)
      const isPlain = chance.below(2) === 0
      const text = simulatorWrites(fields, { bare: () => isPlain, newlines: chance.below(4) })

      expect(ours(text), `seed ${seed}: ${text}`).toBe(JSON.stringify([...fields]))
    }
  })

  // When two readers read a message differently, its signature covers something else than what one of them uses.
  it('never read a tampered notice differently', () => {
    const genuine = simulatorWrites(signed({ ...NOTICE, attach: 'x]]>y' }))
    const splinters = [
      '<![CDATA[',
      ']]>',
      '<',
      '>',
      '/',
      '&',
      ';',
      '&#x41;',
      '&#65',
      '&lt;',
      '<!--',
      '-->',
      '</total_fee>',
      '<total_fee>',
      '<a>1</a>',
      '<a/>',
      'x',
      '<?x?>',
      '&#xD83D;',
      '\u0001',
    ] as const
    for (let seed = 1; seed <= 1_500; seed++) {
      const chance = seeded(seed)
      let text = genuine
      for (let cuts = 1 + chance.below(3); cuts > 0; cuts--) {
        const from = chance.below(text.length)
        const to = Math.min(text.length, from + chance.below(4))
        text = text.slice(0, from) + chance.pick(splinters) + text.slice(to)
      }

      const read = ours(text)
      if (read !== 'refused') expect(read, `seed ${seed}: ${text}`).toBe(theirs(text))
    }
  })
})
