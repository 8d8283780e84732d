import { describe, expect, it } from 'vitest'
import { refundedShop } from '../../../testing/simulator/prepared-shops.ts'
import {
  MINUTE_MS,
  OUT_REFUND_NO,
  OUT_TRADE_NO,
  shop,
} from '../../../testing/simulator/simulated-shop.ts'

describe('a refund on the merchant platform', () => {
  it('is in the same ledger, under a number in the platform’s format', async () => {
    const { paid, refundQuery, wechat } = shop()
    await paid()

    const result = wechat.platform.refund(OUT_TRADE_NO, { refundFee: 40 })

    expect(result).toMatchObject({ ok: true, refund: { source: 'VENDOR_PLATFORM' } })
    expect(await refundQuery({ out_trade_no: OUT_TRADE_NO })).toMatchObject({
      out_refund_no_0: expect.stringMatching(/^REF420000054020240102\d{10}$/),
      refund_fee_0: '40',
      refund_status_0: 'PROCESSING',
    })
    expect(wechat.books.order(OUT_TRADE_NO)?.tradeState).toBe('REFUND')
  })

  it('shares the refundable amount with refunds by the API', async () => {
    const { paid, refund, wechat, clock } = shop()
    await paid()
    wechat.platform.refund(OUT_TRADE_NO, { refundFee: 40, outRefundNo: 'by-hand' })

    clock.advance(MINUTE_MS)
    expect(await refund({ refund_fee: '61' })).toMatchObject({ err_code: 'REFUND_FEE_INVALID' })
    expect(await refund({ refund_fee: '60' })).toMatchObject({ result_code: 'SUCCESS' })
    expect(wechat.platform.refund(OUT_TRADE_NO, { refundFee: 1 })).toEqual({
      ok: false,
      why: 'TRADE_STATE_ERROR 订单已全额退款',
    })
  })

  it('needs no minute between two refunds, but an API refund after it does', async () => {
    const { paid, refund, wechat } = shop()
    await paid()

    for (const refundFee of [10, 20]) {
      expect(wechat.platform.refund(OUT_TRADE_NO, { refundFee })).toMatchObject({ ok: true })
    }
    expect(await refund()).toMatchObject({ err_code: 'INVALID_REQ_TOO_MUCH' })
  })

  it('refuses a used number, half a fen, and an unpaid order', async () => {
    const { wechat, unifiedOrder } = await refundedShop()
    await unifiedOrder({ out_trade_no: 'order-2' })

    expect(
      wechat.platform.refund(OUT_TRADE_NO, { refundFee: 1, outRefundNo: OUT_REFUND_NO }),
    ).toMatchObject({ ok: false })
    expect(() => wechat.platform.refund(OUT_TRADE_NO, { refundFee: 0.5 })).toThrow(
      'whole number of fen',
    )
    expect(wechat.platform.refund('order-2', { refundFee: 1 })).toEqual({
      ok: false,
      why: 'ORDERNOTEXIST 订单不存在',
    })
  })
})
