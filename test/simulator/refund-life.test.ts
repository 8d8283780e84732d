import { describe, expect, it } from 'vitest'
import { isSignedBy } from '../../simulator/lib/sign.ts'
import { DEMO_MERCHANT } from '../../simulator/server/demo-merchant.ts'
import {
  DAY_MS,
  MINUTE_MS,
  OUT_REFUND_NO,
  OUT_TRADE_NO,
  SECOND_MS,
  shop,
  T0,
} from '../../testing/simulator/simulated-shop.ts'

async function refunded(options: Parameters<typeof shop>[0] = {}) {
  const world = shop(options)
  const transactionId = await world.paid()
  const { refund_id: refundId = '' } = await world.refund()
  return { ...world, transactionId, refundId }
}

describe('an accepted refund', () => {
  it('is under way for three minutes, and then the payer has the money', async () => {
    const { refundQuery, clock, wechat, transactionId, refundId } = await refunded()

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

  it('arrived when it arrived, however much later somebody looks', async () => {
    const { clock, wechat } = await refunded({ refundProcessingMs: 20 * SECOND_MS })

    clock.advance(DAY_MS)

    expect(wechat.books.refund(OUT_REFUND_NO)?.steps).toEqual([
      { status: 'PROCESSING', at: T0 },
      { status: 'SUCCESS', at: T0 + 20 * SECOND_MS },
    ])
  })

  it('stays under way while refunds are held', async () => {
    const { clock, wechat, refundQuery } = await refunded()
    wechat.platform.holdRefunds()

    clock.advance(DAY_MS)
    expect(await refundQuery()).toMatchObject({ refund_status_0: 'PROCESSING' })
    wechat.platform.releaseRefunds()

    expect(await refundQuery()).toMatchObject({
      refund_status_0: 'SUCCESS',
      refund_success_time_0: '2024-01-03 03:04:05',
    })
  })

  it('may stick at a card that is gone, until the merchant sends the money by hand', async () => {
    const { clock, wechat, refundQuery } = await refunded()
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

  it('may be closed: then its amount can be refunded again, under another number', async () => {
    const { wechat, refund, refundQuery, clock } = await refunded()
    wechat.platform.settleRefund(OUT_REFUND_NO, 'REFUNDCLOSE')
    clock.advance(MINUTE_MS)

    expect(await refundQuery()).toMatchObject({ refund_status_0: 'REFUNDCLOSE' })
    // The number is used up, and still says what it said.
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
  ] as const)('that became %j cannot become %s', async (steps, next) => {
    const { wechat } = await refunded()
    for (const step of steps) wechat.platform.settleRefund(OUT_REFUND_NO, step)

    expect(() => wechat.platform.settleRefund(OUT_REFUND_NO, next)).toThrow(`cannot become ${next}`)
    expect(() => wechat.platform.settleRefund('unknown', next)).toThrow('knows no refund')
  })

  it('goes back to the card that was used', async () => {
    const { paid, refund, refundQuery } = shop()
    await paid({}, { bankType: 'CMB_CREDIT' })
    await refund()

    expect(await refundQuery()).toMatchObject({ refund_recv_accout_0: '招商银行信用卡0403' })
  })

  it('is a snapshot in the hands of whoever asked', async () => {
    const { wechat, clock } = await refunded()
    const before = wechat.books.refund(OUT_REFUND_NO)

    clock.advance(DAY_MS)

    expect(before).toMatchObject({ status: 'PROCESSING' })
    expect(wechat.books.refund(OUT_REFUND_NO)).toMatchObject({ status: 'SUCCESS' })
  })
})

describe('a query of refunds', () => {
  it('finds one refund by its numbers, and those of an order by that', async () => {
    const { refund, refundQuery, clock, transactionId, refundId } = await refunded()
    clock.advance(MINUTE_MS)
    await refund({ out_refund_no: 'refund-2' })

    expect(await refundQuery({ refund_id: refundId })).toMatchObject({ refund_count: '1' })
    expect(await refundQuery({ out_refund_no: 'refund-2' })).toMatchObject({
      refund_count: '1',
      out_refund_no_0: 'refund-2',
    })
    for (const number of [{ transaction_id: transactionId }, { out_trade_no: OUT_TRADE_NO }]) {
      expect(await refundQuery(number)).toMatchObject({
        refund_count: '2',
        refund_fee: '60',
        out_refund_no_0: OUT_REFUND_NO,
        out_refund_no_1: 'refund-2',
      })
    }
  })

  it('goes by the first number that counts, and looks at no other', async () => {
    const { refundQuery, transactionId, refundId } = await refunded()
    const none = { out_trade_no: 'no-such-order' }

    expect(await refundQuery({ refund_id: refundId, out_refund_no: 'none' })).toMatchObject({
      refund_count: '1',
    })
    expect(
      await refundQuery({ out_refund_no: 'none', transaction_id: transactionId }),
    ).toMatchObject({ err_code: 'REFUNDNOTEXIST' })
    expect(await refundQuery({ transaction_id: transactionId, ...none })).toMatchObject({
      refund_count: '1',
    })
  })

  it('shows ten at a time, and says how many there are to who asks with an offset', async () => {
    const { paid, refund, refundQuery } = shop({ strict: { refundsTooFast: 'accept' } })
    await paid()
    for (let n = 0; n < 23; n++) await refund({ out_refund_no: `refund-${n}`, refund_fee: '1' })
    const pageAt = (offset?: string) => refundQuery({ out_trade_no: OUT_TRADE_NO, offset })

    const first = await pageAt()
    expect(first).toMatchObject({ refund_count: '10', out_refund_no_9: 'refund-9' })
    expect(first).not.toHaveProperty('total_refund_count')
    expect(await pageAt('10')).toMatchObject({
      refund_count: '10',
      total_refund_count: '23',
      out_refund_no_0: 'refund-10',
    })
    // The others are told of by their own number.
    expect(await pageAt('20')).toMatchObject({ err_code: 'PARAM_ERROR' })
    expect(await refundQuery({ out_refund_no: 'refund-22' })).toMatchObject({ refund_count: '1' })
  })

  it('has no page behind the last one', async () => {
    const { paid, refund, refundQuery } = shop({ strict: { refundsTooFast: 'accept' } })
    await paid()
    await refund({ refund_fee: '1' })
    expect(await refundQuery({ out_trade_no: OUT_TRADE_NO, offset: '1' })).toMatchObject({
      err_code: 'REFUNDNOTEXIST',
    })
  })

  it('shows the shares of coupons, numbered twice', async () => {
    const { paid, refund, refundQuery } = shop()
    await paid({}, { coupons: [{ type: 'NO_CASH', fee: 50, id: '10000002' }] })
    await refund()

    expect(await refundQuery()).toMatchObject({
      settlement_total_fee: '50',
      cash_fee: '50',
      settlement_refund_fee_0: '15',
      coupon_refund_fee_0: '15',
      coupon_refund_count_0: '1',
      coupon_type_0_0: 'NO_CASH',
      coupon_refund_id_0_0: '10000002',
      coupon_refund_fee_0_0: '15',
    })
  })

  it('is answered alphabetically', async () => {
    const { refundQuery } = await refunded()

    const names = Object.keys(await refundQuery())

    expect(names).toEqual(names.toSorted())
  })

  it.each([
    [{ out_refund_no: 'none' }, 'REFUNDNOTEXIST'],
    [{ refund_id: '50000405502024010200000000001' }, 'REFUNDNOTEXIST'],
    [{ out_trade_no: 'order-2' }, 'REFUNDNOTEXIST'],
    [{ out_trade_no: 'no-such-order' }, 'REFUNDNOTEXIST'],
    [{ transaction_id: '4200000540202401020000000000' }, 'REFUNDNOTEXIST'],
    [{ transaction_id: 'T1' }, 'INVALID_TRANSACTIONID'],
  ])('%j is answered with %s', async (fields, errCode) => {
    const { paid, refundQuery } = shop()
    await paid({ out_trade_no: 'order-2' })

    expect(await refundQuery(fields)).toMatchObject({ result_code: 'FAIL', err_code: errCode })
  })

  it.each([
    [{}, '缺少参数'],
    [{ out_refund_no: '' }, '缺少参数'],
    [{ out_refund_no: 'r', offset: '-1' }, 'offset参数格式错误'],
    [{ out_refund_no: 'r', device_info: '1' }, '请求中含有未在API文档中定义的参数'],
  ])('%j is stopped at the gateway', async (fields, words) => {
    expect(await shop().refundQuery(fields)).toEqual({ return_code: 'FAIL', return_msg: words })
  })
})

describe('a refund on the merchant platform', () => {
  it('is in the same books, under a number of its own kind', async () => {
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

  it('and one by the API share one amount', async () => {
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

  it('does not wait a minute, but an API refund after it does', async () => {
    const { paid, refund, wechat } = shop()
    await paid()

    for (const refundFee of [10, 20]) {
      expect(wechat.platform.refund(OUT_TRADE_NO, { refundFee })).toMatchObject({ ok: true })
    }
    expect(await refund()).toMatchObject({ err_code: 'INVALID_REQ_TOO_MUCH' })
  })

  it('cannot take a number that is taken, nor half a fen, nor what was not paid', async () => {
    const { wechat, unifiedOrder } = await refunded()
    await unifiedOrder({ out_trade_no: 'order-2' })

    expect(
      wechat.platform.refund(OUT_TRADE_NO, { refundFee: 1, outRefundNo: OUT_REFUND_NO }),
    ).toMatchObject({ ok: false })
    expect(() => wechat.platform.refund(OUT_TRADE_NO, { refundFee: 0.5 })).toThrow('whole fen')
    expect(wechat.platform.refund('order-2', { refundFee: 1 })).toEqual({
      ok: false,
      why: 'ORDERNOTEXIST 订单不存在',
    })
  })
})

describe('the history of a refund', () => {
  it('tells when it was accepted and what became of it', async () => {
    const { wechat, clock } = await refunded()
    clock.advance(DAY_MS)
    wechat.books.refunds()

    const entries = wechat.books
      .history()
      .filter(({ outRefundNo }) => outRefundNo === OUT_REFUND_NO)

    expect(entries).toMatchObject([
      { at: T0, type: 'refund_accepted', outTradeNo: OUT_TRADE_NO },
      { at: T0 + 3 * MINUTE_MS, type: 'refund_settled', outcome: 'SUCCESS, 30 fen' },
    ])
  })
})
