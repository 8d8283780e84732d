import { describe, expect, it } from 'vitest'
import { parseYuan, parseYuanMillifen } from '../../../src/wechat/bill/yuan.ts'
import { seeded } from '../../../testing/wire/seeded.ts'

describe('an amount in yuan', () => {
  it.each([
    ['0', 0],
    ['0.0', 0],
    ['0.00', 0],
    ['0.01', 1],
    ['0.1', 10],
    ['0.10', 10],
    ['1', 100],
    ['1.0', 100],
    ['9.8', 980], // 980.0000000000001 as a float
    ['88.00', 8_800],
    ['1.15', 115], // 114.99999999999999 as a float
    ['5288.00', 528_800],
    ['5.76000', 576],
    ['10000000.00', 1_000_000_000],
    ['9999999999.99', 999_999_999_999],
  ])('is read from "%s" as %i fen', (text, fen) => {
    expect(parseYuan(text)).toBe(fen)
  })

  it.each([
    '',
    ' ',
    '`1.00',
    '1.',
    '.1',
    '.',
    '01.00',
    '00',
    ' 1.00',
    '1.00 ',
    '1.00\n',
    '1,000.00',
    '1e2',
    '+1.00',
    '-1.00',
    '-0.00',
    '--1',
    '1.001',
    '0.005',
    '1.000000001',
    '0.60%',
    '１.００',
    '¥1.00',
    '1.0.0',
    'NaN',
    'Infinity',
    '99999999999.00',
    '1'.repeat(400),
    `0.${'0'.repeat(400)}`,
  ])('is not read from "%s", and never guessed', (text) => {
    expect(parseYuan(text)).toBeUndefined()
  })

  it('is read back exactly for random amounts', () => {
    for (let seed = 1; seed <= 500; seed++) {
      const chance = seeded(seed)
      const fen = chance.below(1_000_000_000)
      const digits = String(fen).padStart(3, '0')

      expect(parseYuan(`${digits.slice(0, -2)}.${digits.slice(-2)}`), `seed ${seed}`).toBe(fen)
    }
  })
})

describe('a service fee', () => {
  it.each([
    ['0', 0],
    ['0.00000', 0],
    ['0.00001', 1],
    ['0.01000', 1_000],
    ['0.01', 1_000],
    ['0.1', 10_000],
    ['1', 100_000],
    ['-0.00600', -600],
    ['-0.1', -10_000],
    ['-12.34567', -1_234_567],
    ['0.0100000', 1_000],
    ['9999999999.99999', 999_999_999_999_999],
  ])('of %s yuan is %i thousandths of a fen', (text, millifen) => {
    expect(parseYuanMillifen(text)).toBe(millifen)
  })

  it('of -0 is 0', () => {
    expect(parseYuanMillifen('-0.00000')).toBe(0) // toBe distinguishes 0 from -0
  })

  it.each(['', '-', '-.1', '- 1', '+0.1', '0.000001', '0.60%', '1e-5', '1.0E-5', '—0.01'])(
    'is not read from "%s"',
    (text) => {
      expect(parseYuanMillifen(text)).toBeUndefined()
    },
  )
})
