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

const AVAILABLE = 'REFUND_SOURCE_RECHARGE_FUNDS'

describe("the merchant's balances", () => {
  it('can lack unsettled funds: the refund has no effect, and the same number works later', async () => {
    const { paid, refund, wechat } = shop()
    await paid()
    wechat.platform.setBalance(29)

    expect(await refund()).toMatchObject({
      err_code: 'NOTENOUGH',
      err_code_des: '交易未结算资金不足，请使用可用余额退款',
    })
    expect(wechat.books.order(OUT_TRADE_NO)?.tradeState).toBe('SUCCESS')
    wechat.platform.setBalance(30)
    expect(await refund()).toMatchObject({ result_code: 'SUCCESS' })
    expect(wechat.books.balanceFen()).toBe(0)
  })

  it('are two: what the unsettled funds lack, the available balance can pay under the same number', async () => {
    const { paid, refund, refundQuery, wechat } = shop()
    await paid()
    wechat.platform.setBalance(0)
    wechat.platform.setBalance(29, AVAILABLE)
    await refund()

    expect(await refund({ refund_account: AVAILABLE })).toMatchObject({
      err_code: 'NOTENOUGH',
      err_code_des: '基本账户余额不足，请充值后重新发起',
    })
    wechat.platform.setBalance(50, AVAILABLE)
    expect(await refund({ refund_account: AVAILABLE })).toMatchObject({ result_code: 'SUCCESS' })
    expect(wechat.books.balanceFen()).toBe(0)
    expect(wechat.books.balanceFen(AVAILABLE)).toBe(20)
    expect(await refundQuery()).toMatchObject({ refund_account_0: AVAILABLE })
  })

  it('are fixed for a number once the refund is accepted: another account is another request', async () => {
    const { paid, refund, wechat } = shop()
    await paid()
    await refund({ refund_account: AVAILABLE })

    expect(await refund({ refund_account: 'REFUND_SOURCE_UNSETTLED_FUNDS' })).toMatchObject({
      err_code: 'INVALID_REQUEST',
    })
    expect(await refund()).toMatchObject({ err_code: 'INVALID_REQUEST' })
    expect(await refund({ refund_account: AVAILABLE })).toMatchObject({ result_code: 'SUCCESS' })
    expect(wechat.books.refunds()).toMatchObject([{ refundFee: 30, account: AVAILABLE }])
  })

  it('pay for refunds made on the merchant platform, too', async () => {
    const { paid, wechat } = shop()
    await paid()
    wechat.platform.setBalance(0)

    expect(wechat.platform.refund(OUT_TRADE_NO, { refundFee: 40 })).toMatchObject({
      ok: false,
      why: expect.stringContaining('交易未结算资金不足'),
    })
    wechat.platform.setBalance(40, AVAILABLE)
    expect(
      wechat.platform.refund(OUT_TRADE_NO, { refundFee: 40, account: AVAILABLE }),
    ).toMatchObject({ ok: true, refund: { account: AVAILABLE } })
    expect(wechat.books.balanceFen(AVAILABLE)).toBe(0)
  })

  it('get the money of a closed refund back, each its own', async () => {
    const { paid, refund, wechat } = shop()
    await paid()
    wechat.platform.setBalance(100)
    wechat.platform.setBalance(200, AVAILABLE)
    await refund({ refund_account: AVAILABLE })

    expect(wechat.books.balanceFen(AVAILABLE)).toBe(170)
    wechat.platform.settleRefund(OUT_REFUND_NO, 'REFUNDCLOSE')
    expect(wechat.books.balanceFen(AVAILABLE)).toBe(200)
    expect(wechat.books.balanceFen()).toBe(100)
  })

  it('must be a whole number of fen', () => {
    const { wechat } = shop()

    expect(wechat.books.balanceFen()).toBe(Infinity)
    expect(wechat.books.balanceFen(AVAILABLE)).toBe(Infinity)
    expect(() => wechat.platform.setBalance(0.5)).toThrow('whole number of fen')
    expect(() => wechat.platform.setBalance(-1)).toThrow('whole number of fen')
  })
})
