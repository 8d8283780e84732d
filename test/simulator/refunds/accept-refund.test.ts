import { describe, expect, it } from 'vitest'
import {
  MINUTE_MS,
  OUT_REFUND_NO,
  OUT_TRADE_NO,
  shop,
} from '../../../testing/simulator/simulated-shop.ts'

describe('the refunds of one order', () => {
  const refundOf = (n: number, fee: number) => ({
    out_refund_no: `refund-${n}`,
    refund_fee: String(fee),
  })

  it('give back in all what was paid, and no fen more', async () => {
    const { paid, refund, clock, wechat } = shop()
    await paid()

    expect(await refund(refundOf(1, 60))).toMatchObject({ result_code: 'SUCCESS' })
    clock.advance(MINUTE_MS)
    expect(await refund(refundOf(2, 41))).toMatchObject({ err_code: 'REFUND_FEE_INVALID' })
    expect(await refund(refundOf(2, 40))).toMatchObject({ result_code: 'SUCCESS' })
    clock.advance(MINUTE_MS)
    expect(await refund(refundOf(3, 1))).toMatchObject({
      err_code: 'TRADE_STATE_ERROR',
      err_code_des: '订单已全额退款',
    })
    clock.advance(10 * MINUTE_MS)
    expect(wechat.books.refundedFen()).toBe(100)
  })

  it.each([
    ['INVALID_REQ_TOO_MUCH', 'INVALID_REQ_TOO_MUCH'],
    ['FREQUENCY_LIMITED', 'FREQUENCY_LIMITED'],
    ['accept', undefined],
  ] as const)(
    'must be a minute apart, unless the strictness allows more: %s',
    async (rule, errCode) => {
      const { paid, refund, clock } = shop({ strict: { refundsTooFast: rule } })
      await paid()
      await refund(refundOf(1, 1))

      clock.advance(MINUTE_MS - 1)
      expect((await refund(refundOf(2, 1)))['err_code']).toBe(errCode)
      // A repeated request for the first refund is not a new refund.
      expect(await refund(refundOf(1, 1))).toMatchObject({ result_code: 'SUCCESS' })
      clock.advance(1)
      expect(await refund(refundOf(3, 1))).toMatchObject({ result_code: 'SUCCESS' })
    },
  )

  it('wait for each other, but not for refunds of other orders', async () => {
    const { paid, refund } = shop()
    await paid()
    await paid({ out_trade_no: 'order-2' })

    expect(await refund(refundOf(1, 1))).toMatchObject({ result_code: 'SUCCESS' })
    expect(await refund({ ...refundOf(2, 1), out_trade_no: 'order-2' })).toMatchObject({
      result_code: 'SUCCESS',
    })
  })

  it('are fifty at most', async () => {
    const { paid, refund } = shop({ strict: { refundsTooFast: 'accept' } })
    await paid()
    for (let n = 1; n <= 50; n++) {
      expect(await refund(refundOf(n, 1))).toMatchObject({ result_code: 'SUCCESS' })
    }

    expect(await refund(refundOf(51, 1))).toMatchObject({ err_code: 'ERROR' })
    expect(await refund(refundOf(50, 1))).toMatchObject({ result_code: 'SUCCESS' })
  })

  it('divide the coupons of the payment between them, to the fen', async () => {
    const { paid, refund, clock, wechat } = shop()
    await paid(
      {},
      {
        coupons: [
          { type: 'CASH', fee: 10, id: '10000001' },
          { type: 'NO_CASH', fee: 25, id: '10000002' },
        ],
      },
    )
    const fees = [33, 1, 50, 16]
    const replies: Record<string, string>[] = []
    for (const [n, fee] of fees.entries()) {
      replies.push(await refund(refundOf(n, fee)))
      clock.advance(MINUTE_MS)
    }

    expect(replies[0]).toMatchObject({
      refund_fee: '33',
      total_fee: '100',
      settlement_total_fee: '75',
      cash_fee: '65',
      // 65 : 10 : 25 of 33, rounded down to 21, 3 and 8; the remaining fen goes to the cash.
      cash_refund_fee: '22',
      coupon_refund_fee: '11',
      coupon_refund_count: '2',
      coupon_type_0: 'CASH',
      coupon_refund_fee_0: '3',
      coupon_refund_id_0: '10000001',
      coupon_type_1: 'NO_CASH',
      coupon_refund_fee_1: '8',
      coupon_refund_id_1: '10000002',
      settlement_refund_fee: '25',
    })
    expect(replies[1]).toMatchObject({ coupon_refund_fee: '0', coupon_refund_count: '0' })
    const sumOf = (name: string) =>
      replies.reduce((sum, reply) => sum + Number(reply[name] ?? 'NaN'), 0)
    expect(sumOf('cash_refund_fee')).toBe(65)
    expect(sumOf('settlement_refund_fee')).toBe(75)
    expect(sumOf('coupon_refund_fee')).toBe(35)
    for (const { coupons } of wechat.books.refunds()) {
      for (const { fee } of coupons) expect(fee).toBeGreaterThanOrEqual(0)
    }
  })
})

describe("the merchant's balance", () => {
  it('can be too low: the refund has no effect, and the same number works later', async () => {
    const { paid, refund, wechat } = shop()
    await paid()
    wechat.platform.setBalance(29)

    expect(await refund()).toMatchObject({
      err_code: 'NOTENOUGH',
      err_code_des: '基本账户余额不足，请充值后重新发起',
    })
    expect(wechat.books.order(OUT_TRADE_NO)?.tradeState).toBe('SUCCESS')
    wechat.platform.setBalance(30)
    expect(await refund()).toMatchObject({ result_code: 'SUCCESS' })
    expect(wechat.books.balanceFen()).toBe(0)
  })

  it('gets the money of a closed refund back', async () => {
    const { paid, refund, wechat } = shop()
    await paid()
    wechat.platform.setBalance(100)
    await refund()

    expect(wechat.books.balanceFen()).toBe(70)
    wechat.platform.settleRefund(OUT_REFUND_NO, 'REFUNDCLOSE')
    expect(wechat.books.balanceFen()).toBe(100)
  })

  it('must be a whole number of fen', () => {
    const { wechat } = shop()

    expect(wechat.books.balanceFen()).toBe(Infinity)
    expect(() => wechat.platform.setBalance(0.5)).toThrow('whole number of fen')
    expect(() => wechat.platform.setBalance(-1)).toThrow('whole number of fen')
  })
})
