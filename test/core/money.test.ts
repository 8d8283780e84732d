import { describe, expect, it } from 'vitest'
import { ORDER_FEN_MAX, parseFen, toFen } from '../../src/core/money.ts'

describe('an amount', () => {
  it.each([
    ['0', 0],
    ['1', 1],
    ['100', 100],
    ['528800', 528_800],
    ['1000000000', 1_000_000_000],
    ['9999999999', 9_999_999_999],
  ])('is read from "%s" as %i fen', (text, amount) => {
    expect(parseFen(text)).toBe(amount)
  })

  it.each([
    '',
    ' ',
    '1.00',
    '0.01',
    '1.',
    '.1',
    '0100',
    '00',
    '01',
    ' 1',
    '1 ',
    '1\n',
    '1e3',
    '1E3',
    '-1',
    '-0',
    '+1',
    '0x10',
    '1,000',
    '1_000',
    '１００',
    '१',
    '一',
    'NaN',
    'Infinity',
    'true',
    '99999999999',
    '9007199254740993',
    '1'.repeat(400),
  ])('is not read from "%s", and never guessed', (text) => {
    expect(parseFen(text)).toBeUndefined()
  })

  it('is at most ten million yuan for an order', () => {
    expect(ORDER_FEN_MAX).toBe(1_000_000_000)
    expect(parseFen(String(ORDER_FEN_MAX))).toBe(ORDER_FEN_MAX)
  })

  it.each([-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53])(
    'cannot be made from %d by our own code',
    (amount) => {
      expect(() => toFen(amount)).toThrow('invariant')
    },
  )

  it('keeps the value that our own code made it from', () => {
    expect(toFen(0)).toBe(0)
    expect(toFen(8_800)).toBe(8_800)
  })
})
