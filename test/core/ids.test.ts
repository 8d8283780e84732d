import { describe, expect, it } from 'vitest'
import {
  ATTEMPTS_MAX,
  formatOutTradeNo,
  isOpenid,
  isOrdercode,
  parseOutTradeNo,
  parseTransactionId,
} from '../../src/core/ids.ts'

/** What WeChat accepts as out_trade_no; its newest page requires at least six characters. */
const WECHAT_ACCEPTS = /^[0-9A-Za-z_\-|*]{6,32}$/

describe('an ordercode', () => {
  it.each(['abcdef', '20240102', 'T20240102030405_0001', 'a-b_c-', 'x'.repeat(28)])(
    'may be "%s"',
    (text) => {
      expect(isOrdercode(text)).toBe(true)
    },
  )

  it.each([
    '',
    'abcde',
    'x'.repeat(29),
    'abc def',
    'abcdef*2',
    'abc|def',
    'abcdef\n',
    '订单编号一二三',
    "abc'def",
    'abc/def',
    'abc.def',
    'abc%20def',
    'ａｂｃｄｅｆ',
  ])('may not be "%s"', (text) => {
    expect(isOrdercode(text)).toBe(false)
  })
})

describe('the out_trade_no of an attempt', () => {
  it('is the ordercode for the first attempt, and ends in *2 to *20 for the others', () => {
    expect(formatOutTradeNo('T2024_1', 1)).toBe('T2024_1')
    expect(formatOutTradeNo('T2024_1', 2)).toBe('T2024_1*2')
    expect(formatOutTradeNo('T2024_1', 20)).toBe('T2024_1*20')
    expect(ATTEMPTS_MAX).toBe(20)
  })

  it('is parsed back to its ordercode and number, and has a form that WeChat accepts', () => {
    for (const ordercode of ['abcdef', 'a-b_c-', 'x'.repeat(28)]) {
      for (let number = 1; number <= 20; number++) {
        const outTradeNo = formatOutTradeNo(ordercode, number)

        expect(outTradeNo).toMatch(WECHAT_ACCEPTS)
        expect(parseOutTradeNo(outTradeNo)).toEqual({ ordercode, number })
      }
    }
  })

  it.each([0, 21, -1])('cannot be made for the number %d', (number) => {
    expect(() => formatOutTradeNo('T2024_1', number)).toThrow('invariant')
  })

  it.each([
    '',
    '*',
    '*2',
    'T2024_1*',
    'T2024_1*0',
    'T2024_1*1',
    'T2024_1*21',
    'T2024_1*02',
    'T2024_1*2*2',
    'T2024_1**2',
    'T2024_1*1e1',
    'T2024_1*2.0',
    'T2024_1*-2',
    'T2024_1*+2',
    'T2024_1* 2',
    'T2024_1*2 ',
    'T2024_1*0x2',
    'T2024_1*two',
    'T2024_1*２',
    'T2024_1|2',
    'auto*4200000540202401020123456789',
    'abc',
    'x'.repeat(29),
    `${'x'.repeat(29)}*2`,
  ])('is never "%s", which another system of the merchant must have made', (text) => {
    expect(parseOutTradeNo(text)).toBeUndefined()
  })
})

describe('the transaction_id of a payment', () => {
  it('is text of up to 32 characters, 28 digits today', () => {
    expect(parseTransactionId('4200000540202401020123456789')).toBe('4200000540202401020123456789')
    expect(parseTransactionId('0'.repeat(32))).toBe('0'.repeat(32))
  })

  it.each(['', ' ', '4200 0005', '1'.repeat(33), '42\n', "4'", '４２'])(
    'may not be "%s"',
    (text) => {
      expect(parseTransactionId(text)).toBeUndefined()
    },
  )
})

describe('an openid', () => {
  it('consists of letters, digits, underscores and hyphens, usually 28', () => {
    expect(isOpenid('oUpF8uMuAJO_M2pxb1Q9zNjWeS6o')).toBe(true)
    expect(isOpenid('oHkLxtx0vUqe-18p_AXTZ1innxkCY')).toBe(true)
    expect(isOpenid('o'.repeat(128))).toBe(true)
  })

  it.each(['', 'o 1', 'o'.repeat(129), 'o1\n', '用户', "o'1"])('may not be "%s"', (text) => {
    expect(isOpenid(text)).toBe(false)
  })
})
