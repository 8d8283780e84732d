import { describe, expect, it } from 'vitest'
import { isSignedBy } from '../../../simulator/lib/sign.ts'
import { DEMO_MERCHANT } from '../../../simulator/server/demo-merchant.ts'
import { refundedShop } from '../../../testing/simulator/prepared-shops.ts'
import {
  DAY_MS,
  MINUTE_MS,
  OUT_REFUND_NO,
  OUT_TRADE_NO,
  SECOND_MS,
  shop,
  T0,
} from '../../../testing/simulator/simulated-shop.ts'

describe('an accepted refund', () => {
  it('is PROCESSING for three minutes, and then the payer has the money', async () => {
    const { refundQuery, clock, wechat, transactionId, refundId } = await refundedShop()

    clock.advance(3 * MINUTE_MS - 1)
    expect(await refundQuery()).toMatchObject({ refund_status_0: 'PROCESSING' })
    expect(await refundQuery()).not.toHaveProperty('refund_success_time_0')
    expect([wechat.books.refundedFen(), wechat.books.refundingFen()]).toEqual([0, 30])
    clock.advance(1)
    const { nonce_str, sign, ...reply } = await refundQuery()

    expect(reply).toEqual({
      return_code: 'SUCCESS',
      return_msg: 'OK',
      result_code: 'SUCCESS',
      appid: DEMO_MERCHANT.appid,
      mch_id: DEMO_MERCHANT.mchId,
      transaction_id: transactionId,
      out_trade_no: OUT_TRADE_NO,
      total_fee: '100',
      fee_type: 'CNY',
      cash_fee: '100',
      refund_count: '1',
      refund_fee: '30',
      out_refund_no_0: OUT_REFUND_NO,
      refund_id_0: refundId,
      refund_channel_0: 'ORIGINAL',
      refund_fee_0: '30',
      refund_status_0: 'SUCCESS',
      refund_account_0: 'REFUND_SOURCE_UNSETTLED_FUNDS',
      refund_recv_accout_0: '支付用户零钱',
      refund_success_time_0: '2024-01-02 03:07:05',
    })
    expect(isSignedBy({ ...reply, nonce_str, sign } as never, DEMO_MERCHANT.apiKey, 'MD5')).toBe(
      true,
    )
    expect([wechat.books.refundedFen(), wechat.books.refundingFen()]).toEqual([30, 0])
  })

  it('keeps the time of its arrival, even when it is queried much later', async () => {
    const { clock, wechat } = await refundedShop({ refundProcessingMs: 20 * SECOND_MS })

    clock.advance(DAY_MS)

    expect(wechat.books.refund(OUT_REFUND_NO)?.steps).toEqual([
      { status: 'PROCESSING', at: T0 },
      { status: 'SUCCESS', at: T0 + 20 * SECOND_MS },
    ])
  })

  it('stays PROCESSING while refunds are held', async () => {
    const { clock, wechat, refundQuery } = await refundedShop()
    wechat.platform.holdRefunds()

    clock.advance(DAY_MS)
    expect(await refundQuery()).toMatchObject({ refund_status_0: 'PROCESSING' })
    wechat.platform.releaseRefunds()

    expect(await refundQuery()).toMatchObject({
      refund_status_0: 'SUCCESS',
      refund_success_time_0: '2024-01-03 03:04:05',
    })
  })

  it('can be CHANGE, for a card that no longer exists, until the merchant sends the money manually', async () => {
    const { clock, wechat, refundQuery } = await refundedShop()
    wechat.platform.settleRefund(OUT_REFUND_NO, 'CHANGE')

    clock.advance(DAY_MS)
    expect(await refundQuery()).toMatchObject({ refund_status_0: 'CHANGE' })
    expect([wechat.books.refundedFen(), wechat.books.refundingFen()]).toEqual([0, 30])
    wechat.platform.settleRefund(OUT_REFUND_NO, 'SUCCESS')

    expect(await refundQuery()).toMatchObject({
      refund_status_0: 'SUCCESS',
      refund_channel_0: 'OTHER_BANKCARD',
      refund_success_time_0: '2024-01-03 03:04:05',
    })
    expect(wechat.books.refundedFen()).toBe(30)
  })

  it('can be closed: then its amount can be refunded again, under another number', async () => {
    const { wechat, refund, refundQuery, clock } = await refundedShop()
    wechat.platform.settleRefund(OUT_REFUND_NO, 'REFUNDCLOSE')
    clock.advance(MINUTE_MS)

    expect(await refundQuery()).toMatchObject({ refund_status_0: 'REFUNDCLOSE' })
    // The number stays used: repeating its request gives the same answer.
    expect(await refund()).toMatchObject({ result_code: 'SUCCESS' })
    expect(await refund({ out_refund_no: 'all', refund_fee: '100' })).toMatchObject({
      result_code: 'SUCCESS',
    })
    clock.advance(DAY_MS)
    expect([wechat.books.refundedFen(), wechat.books.refundingFen()]).toEqual([100, 0])
  })

  it.each([
    [['SUCCESS'], 'REFUNDCLOSE'],
    [['SUCCESS'], 'CHANGE'],
    [['REFUNDCLOSE'], 'SUCCESS'],
    [['CHANGE'], 'REFUNDCLOSE'],
    [['CHANGE', 'SUCCESS'], 'SUCCESS'],
  ] as const)('after %j cannot become %s', async (steps, next) => {
    const { wechat } = await refundedShop()
    for (const step of steps) wechat.platform.settleRefund(OUT_REFUND_NO, step)

    expect(() => wechat.platform.settleRefund(OUT_REFUND_NO, next)).toThrow(`cannot become ${next}`)
    expect(() => wechat.platform.settleRefund('unknown', next)).toThrow('has no refund')
  })

  it('goes back to the card that the payer used', async () => {
    const { paid, refund, refundQuery } = shop()
    await paid({}, { bankType: 'CMB_CREDIT' })
    await refund()

    expect(await refundQuery()).toMatchObject({ refund_recv_accout_0: '招商银行信用卡0403' })
  })

  it('is a snapshot that does not change in the hands of a caller', async () => {
    const { wechat, clock } = await refundedShop()
    const before = wechat.books.refund(OUT_REFUND_NO)

    clock.advance(DAY_MS)

    expect(before).toMatchObject({ status: 'PROCESSING' })
    expect(wechat.books.refund(OUT_REFUND_NO)).toMatchObject({ status: 'SUCCESS' })
  })
})

describe('the history of a refund', () => {
  it('has an entry for its request, its acceptance and its end', async () => {
    const { wechat, clock } = await refundedShop()
    clock.advance(DAY_MS)
    wechat.books.refunds()

    const entries = wechat.books
      .history()
      .filter(({ outRefundNo }) => outRefundNo === OUT_REFUND_NO)

    expect(entries).toMatchObject([
      { at: T0, type: 'refund_accepted', outTradeNo: OUT_TRADE_NO },
      { at: T0, type: 'request', endpoint: 'refund', outTradeNo: OUT_TRADE_NO },
      { at: T0 + 3 * MINUTE_MS, type: 'refund_settled', outcome: 'SUCCESS, 30 fen' },
    ])
  })
})
