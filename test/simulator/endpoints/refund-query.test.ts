import { describe, expect, it } from 'vitest'
import { refundedShop } from '../../../testing/simulator/prepared-shops.ts'
import {
  MINUTE_MS,
  OUT_REFUND_NO,
  OUT_TRADE_NO,
  shop,
} from '../../../testing/simulator/simulated-shop.ts'

describe('a query of refunds', () => {
  it('finds one refund by either of its numbers, and all refunds by the order', async () => {
    const { refund, refundQuery, clock, transactionId, refundId } = await refundedShop()
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

  it('goes by the first number in the order of precedence, and ignores the others', async () => {
    const { refundQuery, transactionId, refundId } = await refundedShop()
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

  it('can have more than 200 elements, for ten refunds of a payment with three coupons', async () => {
    const { paid, refund, refundQuery, clock } = shop({ strict: { refundsTooFast: 'accept' } })
    const coupons = (['CASH', 'CASH', 'NO_CASH'] as const).map((type) => ({ type, fee: 100 }))
    await paid({ total_fee: '1000' }, { coupons })
    for (let n = 0; n < 10; n++) {
      await refund({ out_refund_no: `refund-${n}`, total_fee: '1000', refund_fee: '100' })
    }

    clock.advance(10 * MINUTE_MS)
    const page = await refundQuery({ out_trade_no: OUT_TRADE_NO })

    expect(page).toMatchObject({
      refund_count: '10',
      refund_fee: '1000',
      refund_status_9: 'SUCCESS',
    })
    expect(page).toHaveProperty('coupon_refund_fee_9_2')
    expect(Object.keys(page).length).toBeGreaterThan(200)
  })

  it('lists ten refunds per page, and counts all of them for a request with an offset', async () => {
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
    // Refunds beyond twenty are found by their own number only.
    expect(await pageAt('20')).toMatchObject({ err_code: 'PARAM_ERROR' })
    expect(await refundQuery({ out_refund_no: 'refund-22' })).toMatchObject({ refund_count: '1' })
  })

  it('has no page after the last one', async () => {
    const { paid, refund, refundQuery } = shop({ strict: { refundsTooFast: 'accept' } })
    await paid()
    await refund({ refund_fee: '1' })
    expect(await refundQuery({ out_trade_no: OUT_TRADE_NO, offset: '1' })).toMatchObject({
      err_code: 'REFUNDNOTEXIST',
    })
  })

  it('lists the coupon parts of each refund, numbered twice', async () => {
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

  it('answers its elements in alphabetical order', async () => {
    const { refundQuery } = await refundedShop()

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
  ])('answers %j with %s', async (fields, errCode) => {
    const { paid, refundQuery } = shop()
    await paid({ out_trade_no: 'order-2' })

    expect(await refundQuery(fields)).toMatchObject({ result_code: 'FAIL', err_code: errCode })
  })

  it.each([
    [{}, '缺少参数'],
    [{ out_refund_no: '' }, '缺少参数'],
    [{ out_refund_no: 'r', offset: '-1' }, 'offset参数格式错误'],
    [{ out_refund_no: 'r', device_info: '1' }, '请求中含有未在API文档中定义的参数'],
  ])('refuses %j at the gateway', async (fields, words) => {
    expect(await shop().refundQuery(fields)).toEqual({ return_code: 'FAIL', return_msg: words })
  })
})
