import { describe, expect, it } from 'vitest'
import type { BillPayment, BillRefund } from '../../../src/core/bill/bill-row.ts'
import {
  changedRate,
  countRate,
  expectedFee,
  parseRate,
} from '../../../src/core/bill/service-fee.ts'
import type { BeijingDay } from '../../../src/core/day.ts'
import { parseTransactionId } from '../../../src/core/ids.ts'
import { toFen } from '../../../src/core/money.ts'
import { toUnixSeconds } from '../../../src/core/time.ts'
import { seeded } from '../../../testing/wire/seeded.ts'

const DAY = '2026-11-23' as BeijingDay

const line = (rate: string, serviceFee: number, least: number, most: number) => ({
  row: 1,
  appid: 'wx',
  transactionId: parseTransactionId('42') ?? '42',
  outTradeNo: 'SHOP-1001',
  at: toUnixSeconds(0),
  serviceFee,
  rate,
  feeBase: { least: toFen(least), most: toFen(most) },
})

/** A payment of `fen` that was charged a fee in 1/1000 fen. */
const payment = (rate: string, serviceFee: number, fen: number, least = fen): BillPayment => ({
  kind: 'payment',
  ...line(rate, serviceFee, least, fen),
  openid: 'o',
  tradeType: 'JSAPI',
  feeType: 'CNY',
  totalFee: toFen(fen),
  settlementTotalFee: toFen(fen),
})

const refund = (rate: string, serviceFee: number, fen: number, least = fen): BillRefund => ({
  kind: 'refund',
  ...line(rate, serviceFee, least, fen),
  refundId: '50',
  outRefundNo: 'R1',
  refundFee: toFen(fen),
  settlementRefundFee: toFen(fen),
  refundStatus: 'SUCCESS',
})

describe('the rate of a fee', () => {
  it.each([
    ['0.60%', 6_000],
    ['0.6%', 6_000],
    ['1%', 10_000],
    ['39.00%', 390_000],
    ['0.38%', 3_800],
    ['0.00%', 0],
    ['100%', 1_000_000],
    ['0.0001%', 1],
  ])('%s is %d millionths', (text, millionths) => {
    expect(parseRate(text)).toBe(millionths)
  })

  it.each(['', '0.60', '0,60%', '-0.60%', '.6%', '0.60 %', '0.60%%', '0.00001%', '1000%', 'free'])(
    'cannot be read from "%s"',
    (text) => {
      expect(parseRate(text)).toBeUndefined()
    },
  )
})

describe('the fee of a payment', () => {
  it.each([
    ['rounded up to a whole fen', '0.60%', 53_000, 8_800],
    ['not rounded', '0.60%', 52_800, 8_800],
    ['rounded half up', '0.60%', 2_000, 250],
    ['rounded down to nothing', '0.60%', 0, 1],
    ['of a real bill from 2019', '39.00%', 1_000, 3],
    ['of a free payment', '0.00%', 0, 8_800],
    ['of the largest payment', '0.60%', 6_000_000_000, 1_000_000_000],
  ])('is right when it is %s', (_, rate, fee, fen) => {
    expect(expectedFee(payment(rate, fee, fen))).toBeUndefined()
  })

  it.each([
    ['half of the payment', '0.60%', 4_400_000, 8_800, 53_000],
    ['a fen more', '0.60%', 54_000, 8_800, 53_000],
    ['a fen less', '0.60%', 52_000, 8_800, 53_000],
    ['nothing', '0.60%', 0, 8_800, 53_000],
    ['negative', '0.60%', -53_000, 8_800, 53_000],
    ['charged for a free payment', '0.00%', 1_000, 8_800, 0],
  ])('is wrong when it is %s', (_, rate, fee, fen, right) => {
    expect(expectedFee(payment(rate, fee, fen))).toBe(right)
  })

  it('is not checked when the rate cannot be read', () => {
    expect(expectedFee(payment('?', 4_400_000, 8_800))).toBeUndefined()
    expect(expectedFee(payment('', 4_400_000, 8_800))).toBeUndefined()
  })

  it('has an upper limit alone when coupons may have reduced its base', () => {
    expect(expectedFee(payment('0.60%', 40_000, 8_800, 0))).toBeUndefined()
    expect(expectedFee(payment('0.60%', 54_000, 8_800, 0))).toBe(53_000)
  })

  it('is right for any amount and rate when it is rounded half up, and wrong a fen beside it', () => {
    for (let seed = 1; seed <= 2_000; seed++) {
      const { below } = seeded(seed)
      const fen = 1 + below(5_000_000)
      const hundredths = below(200)
      const rate = `${Math.floor(hundredths / 100)}.${String(hundredths % 100).padStart(2, '0')}%`
      // In whole fen, by long division.
      const product = BigInt(fen) * BigInt(hundredths)
      const fee = Number((product + 5_000n) / 10_000n) * 1_000
      const where = `${fen} fen at ${rate}`
      expect(expectedFee(payment(rate, fee, fen)), where).toBeUndefined()
      // A product between two fen may be rounded to either only when it is exactly in the middle.
      const isMiddle = product % 10_000n === 5_000n
      expect(expectedFee(payment(rate, fee + 1_000, fen)), where).toBe(fee)
      if (!isMiddle) expect(expectedFee(payment(rate, fee - 1_000, fen)), where).toBe(fee)
    }
  })
})

describe('the fee of a refund', () => {
  it('may be less than a fen beside the exact product, on either side', () => {
    const isRight = (returned: number) => expectedFee(refund('0.60%', -returned, 800)) === undefined

    expect([3_800, 3_801, 5_799, 5_800].map(isRight)).toEqual([false, true, true, false])
  })

  it.each([
    ['returned', '0.60%', -5_000, 800],
    ['returned without rounding', '0.60%', -4_800, 800],
    ['rounded away', '0.60%', 0, 30],
    ['kept by WeChat', '0.60%', 0, 8_800],
    [
      'a fen less than its own part, because of other refunds of the payment',
      '0.60%',
      -52_000,
      8_800,
    ],
    ['of a real bill from 2019', '39.00%', 0, 1],
  ])('is right when it is %s', (_, rate, fee, fen) => {
    expect(expectedFee(refund(rate, fee, fen))).toBeUndefined()
  })

  it.each([
    ['charged once more', '0.60%', 53_000, 8_800, -53_000],
    ['half of the refund', '0.60%', -4_400_000, 8_800, -53_000],
    ['half of what was charged', '0.60%', -26_000, 8_800, -53_000],
    ['charged for a refund that returns nothing', '0.60%', 1_000, 30, 0],
  ])('is wrong when it is %s', (_, rate, fee, fen, right) => {
    expect(expectedFee(refund(rate, fee, fen))).toBe(right)
  })
})

describe('the rates of a day', () => {
  it('are counted, also those that cannot be read, but not those that are not stated', () => {
    const rates: Record<string, number> = {}
    for (const rate of ['0.60%', '', '0.60%', '1.00%', '?', '__proto__']) countRate(rates, rate)

    expect(rates).toEqual({ '0.60%': 2, '1.00%': 1, unreadable: 2 })
  })

  it('are counted up to twenty different ones', () => {
    const rates: Record<string, number> = {}
    for (let n = 0; n < 100; n++) countRate(rates, `${n}%`)
    countRate(rates, '0%')

    expect(Object.keys(rates)).toHaveLength(20)
    expect(rates['0%']).toBe(2)
  })

  it('are a difference when one is new, one for all its payments', () => {
    const before = [{ '0.60%': 10 }, {}, { '0.38%': 1 }]

    expect(changedRate(DAY, { '0.60%': 5, '1.00%': 3_000, '0.90%': 2 }, before)).toMatchObject({
      day: DAY,
      kind: 'rate_changed',
      subject: 'rates',
      bill: { rates: '0.90%, 1.00%', payments: 3_002 },
      books: { rates: '0.38%, 0.60%' },
    })
  })

  it('are no difference when they were there before, or when no bill was', () => {
    expect(changedRate(DAY, { '0.60%': 5 }, [{ '0.60%': 1 }])).toBeUndefined()
    expect(changedRate(DAY, {}, [{ '0.60%': 1 }])).toBeUndefined()
    expect(changedRate(DAY, { '0.60%': 5 }, [])).toBeUndefined()
    // A bill that an earlier version reconciled has no rates.
    expect(changedRate(DAY, { '0.60%': 5 }, [{}])).toBeUndefined()
  })
})
