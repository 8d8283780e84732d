import { describe, expect, it } from 'vitest'
import { isSignedBy } from '../../../simulator/lib/sign.ts'
import { DEMO_MERCHANT } from '../../../simulator/server/demo-merchant.ts'
import type { TradeState } from '../../../simulator/state/ledger.ts'
import {
  HOUR_MS,
  MINUTE_MS,
  OUT_TRADE_NO,
  shop,
} from '../../../testing/simulator/simulated-shop.ts'

type World = ReturnType<typeof shop>

const ARRIVALS: Record<string, (world: World) => Promise<void>> = {
  none: async () => {},
  NOTPAY: async ({ unifiedOrder }) => void (await unifiedOrder()),
  SUCCESS: async ({ unifiedOrder, wechat }) => {
    await unifiedOrder()
    wechat.payer.pay(OUT_TRADE_NO)
  },
  REFUND: async ({ unifiedOrder, wechat }) => {
    await unifiedOrder()
    wechat.payer.pay(OUT_TRADE_NO)
    wechat.platform.setTradeState(OUT_TRADE_NO, 'REFUND')
  },
  CLOSED: async ({ unifiedOrder, closeOrder }) => {
    await unifiedOrder()
    await closeOrder()
  },
}

const CALLS: Record<string, (world: World) => Promise<Record<string, string>>> = {
  'an identical unifiedorder': ({ unifiedOrder }) => unifiedOrder({ nonce_str: 'again' }),
  'a changed unifiedorder': ({ unifiedOrder }) => unifiedOrder({ total_fee: '99' }),
  orderquery: ({ orderQuery }) => orderQuery(),
  closeorder: ({ closeOrder }) => closeOrder(),
}

describe('every call in every state', () => {
  it.each([
    ['an identical unifiedorder', 'none', 'SUCCESS'],
    ['an identical unifiedorder', 'NOTPAY', 'SUCCESS'],
    ['an identical unifiedorder', 'SUCCESS', 'ORDERPAID 该订单已支付'],
    ['an identical unifiedorder', 'REFUND', 'ORDERPAID 该订单已支付'],
    ['an identical unifiedorder', 'CLOSED', 'ORDERCLOSED 该订单已关闭'],
    ['a changed unifiedorder', 'none', 'SUCCESS'],
    ['a changed unifiedorder', 'NOTPAY', 'INVALID_REQUEST 201 商户订单号重复'],
    ['a changed unifiedorder', 'SUCCESS', 'ORDERPAID 该订单已支付'],
    ['a changed unifiedorder', 'REFUND', 'ORDERPAID 该订单已支付'],
    ['a changed unifiedorder', 'CLOSED', 'ORDERCLOSED 该订单已关闭'],
    ['orderquery', 'none', 'ORDERNOTEXIST order not exist'],
    ['orderquery', 'NOTPAY', 'SUCCESS NOTPAY'],
    ['orderquery', 'SUCCESS', 'SUCCESS SUCCESS'],
    ['orderquery', 'REFUND', 'SUCCESS REFUND'],
    ['orderquery', 'CLOSED', 'SUCCESS CLOSED'],
    ['closeorder', 'none', 'ORDERNOTEXIST order not exist'],
    ['closeorder', 'NOTPAY', 'SUCCESS OK'],
    ['closeorder', 'SUCCESS', 'ORDERPAID order paid'],
    ['closeorder', 'REFUND', 'ORDERPAID order paid'],
    ['closeorder', 'CLOSED', 'ORDERCLOSED 该订单已关闭'],
  ])('%s of an order in state %s answers %s', async (call, state, expected) => {
    const world = shop()
    await ARRIVALS[state]?.(world)

    const reply = (await CALLS[call]?.(world)) ?? {}

    const words =
      reply['result_code'] === 'FAIL'
        ? [reply['err_code'], reply['err_code_des']]
        : ['SUCCESS', reply['trade_state'] ?? reply['result_msg']]
    expect(words.filter((word) => word !== undefined).join(' ')).toBe(expected)
    expect(reply['return_code']).toBe('SUCCESS')
    expect(isSignedBy(reply, DEMO_MERCHANT.apiKey, 'MD5')).toBe(true)
  })
})

describe('an order', () => {
  it('is queried without payment fields and with an empty device_info while it is unpaid', async () => {
    const { unifiedOrder, orderQuery } = shop()
    await unifiedOrder({ attach: 'kept' })

    const { nonce_str, sign, ...reply } = await orderQuery()

    expect(nonce_str).toHaveLength(16)
    expect(sign).toHaveLength(32)
    expect(reply).toEqual({
      return_code: 'SUCCESS',
      return_msg: 'OK',
      result_code: 'SUCCESS',
      appid: DEMO_MERCHANT.appid,
      mch_id: DEMO_MERCHANT.mchId,
      device_info: '',
      trade_state: 'NOTPAY',
      out_trade_no: OUT_TRADE_NO,
      total_fee: '100',
      trade_state_desc: '订单未支付',
    })
  })

  it('is queried with its attach, even an empty one, when it is closed', async () => {
    const { unifiedOrder, closeOrder, orderQuery } = shop()
    await unifiedOrder()
    await closeOrder()

    expect(await orderQuery()).toMatchObject({
      trade_state: 'CLOSED',
      trade_state_desc: '订单已关闭',
      attach: '',
    })
    expect(await orderQuery()).not.toHaveProperty('total_fee')
  })

  it('is queried with every coupon that paid it, by either number', async () => {
    const { unifiedOrder, orderQuery, wechat, openid } = shop()
    await unifiedOrder({ attach: 'a=1&b=<2>' })
    const paid = wechat.payer.pay(OUT_TRADE_NO, {
      coupons: [
        { type: 'CASH', fee: 10, id: '10000001' },
        { type: 'NO_CASH', fee: 20, id: '10000002' },
      ],
    })
    const transactionId = paid.ok ? paid.transactionId : ''

    const reply = await orderQuery({ transaction_id: transactionId })

    expect(transactionId).toMatch(/^420000054020240102\d{10}$/)
    expect(reply).toMatchObject({
      openid,
      is_subscribe: 'N',
      trade_type: 'JSAPI',
      bank_type: 'OTHERS',
      total_fee: '100',
      settlement_total_fee: '80',
      fee_type: 'CNY',
      cash_fee: '70',
      coupon_fee: '30',
      coupon_count: '2',
      coupon_type_0: 'CASH',
      coupon_id_0: '10000001',
      coupon_fee_0: '10',
      coupon_type_1: 'NO_CASH',
      coupon_id_1: '10000002',
      coupon_fee_1: '20',
      transaction_id: transactionId,
      out_trade_no: OUT_TRADE_NO,
      attach: 'a=1&b=<2>',
      time_end: '20240102030405',
      trade_state: 'SUCCESS',
      trade_state_desc: '支付成功',
    })
    expect(await orderQuery({ transaction_id: '4200000540202401020000000000' })).toMatchObject({
      err_code: 'ORDERNOTEXIST',
    })
  })

  it('can be paid once: a second payment is refused', async () => {
    const { unifiedOrder, wechat, openid } = shop()
    await unifiedOrder()

    const first = wechat.payer.pay(OUT_TRADE_NO)
    const second = wechat.payer.pay(OUT_TRADE_NO)
    const forced = wechat.payer.pay(OUT_TRADE_NO, { despiteClose: true })

    expect(first.ok).toBe(true)
    expect(second).toEqual({ ok: false, why: '该订单已支付' })
    expect(forced).toEqual(second)
    expect(wechat.books.capturedFen()).toBe(100)
    expect(wechat.books.captures()).toMatchObject([
      { outTradeNo: OUT_TRADE_NO, openid, totalFee: 100 },
    ])
  })

  it('stays NOTPAY past its deadline, but cannot be paid', async () => {
    const { unifiedOrder, orderQuery, wechat, clock } = shop()
    await unifiedOrder({ time_expire: '20240102031000' })

    clock.advance(Date.parse('2024-01-02T03:10:00+08:00') - clock.now())

    expect(await orderQuery()).toMatchObject({ trade_state: 'NOTPAY' })
    expect(wechat.payer.pay(OUT_TRADE_NO)).toMatchObject({ ok: false })
    expect(wechat.books.capturedFen()).toBe(0)
  })

  it('can be paid without a deadline while a prepay_id is valid', async () => {
    const { unifiedOrder, wechat, clock } = shop()
    await unifiedOrder()

    clock.advance(2 * HOUR_MS)
    expect(wechat.payer.pay(OUT_TRADE_NO)).toMatchObject({ ok: false })

    await unifiedOrder()
    expect(wechat.payer.pay(OUT_TRADE_NO)).toMatchObject({ ok: true })
  })

  it('is closed automatically a week after its deadline', async () => {
    const { unifiedOrder, orderQuery, clock } = shop()
    await unifiedOrder()

    clock.advance(2 * HOUR_MS + 7 * 24 * HOUR_MS - 1)
    expect(await orderQuery()).toMatchObject({ trade_state: 'NOTPAY' })
    clock.advance(1)
    expect(await orderQuery()).toMatchObject({ trade_state: 'CLOSED' })
  })

  it('can be paid when it is closed only if the close and the payer raced', async () => {
    const { unifiedOrder, closeOrder, orderQuery, wechat } = shop()
    await unifiedOrder()
    await closeOrder()

    expect(wechat.payer.pay(OUT_TRADE_NO)).toEqual({ ok: false, why: '该订单已关闭' })
    expect(wechat.payer.pay(OUT_TRADE_NO, { despiteClose: true })).toMatchObject({ ok: true })
    expect(await orderQuery()).toMatchObject({ trade_state: 'SUCCESS' })
  })

  it('can be too young to be closed, if the strictness requires five minutes', async () => {
    const { unifiedOrder, closeOrder, clock } = shop({
      strict: { refuseCloseUnderMs: 5 * MINUTE_MS },
    })
    await unifiedOrder()

    expect(await closeOrder()).toMatchObject({ err_code: 'TRADE_STATE_ERROR' })
    clock.advance(5 * MINUTE_MS)
    expect(await closeOrder()).toMatchObject({ result_code: 'SUCCESS' })
  })

  it.each<[TradeState, string, string]>([
    ['USERPAYING', 'SUCCESS', 'TRADE_STATE_ERROR'],
    ['ACCEPT', 'SUCCESS', 'TRADE_STATE_ERROR'],
    ['PAYERROR', 'SUCCESS', 'SUCCESS'],
    ['REVOKED', 'ORDERCLOSED', 'ORDERCLOSED'],
  ])('can be put into %s manually', async (state, again, close) => {
    const { unifiedOrder, orderQuery, closeOrder, wechat } = shop()
    await unifiedOrder()

    wechat.platform.setTradeState(OUT_TRADE_NO, state)

    expect(await orderQuery()).toMatchObject({ trade_state: state })
    const reordered = await unifiedOrder()
    expect(reordered['err_code'] ?? reordered['result_code']).toBe(again)
    const closed = await closeOrder()
    expect(closed['err_code'] ?? closed['result_code']).toBe(close)
  })

  it('cannot be made paid or unpaid manually', async () => {
    const { unifiedOrder, wechat } = shop()
    await unifiedOrder()

    expect(() => wechat.platform.setTradeState(OUT_TRADE_NO, 'SUCCESS')).toThrow(
      'cannot become SUCCESS',
    )
    wechat.payer.pay(OUT_TRADE_NO)
    expect(() => wechat.platform.setTradeState(OUT_TRADE_NO, 'NOTPAY')).toThrow(
      'cannot become NOTPAY',
    )
  })

  it('is a snapshot that does not change in the hands of a caller', async () => {
    const { unifiedOrder, wechat } = shop()
    await unifiedOrder()
    const before = wechat.books.order(OUT_TRADE_NO)

    wechat.payer.pay(OUT_TRADE_NO)

    expect(before).toMatchObject({ tradeState: 'NOTPAY' })
    expect(wechat.books.order(OUT_TRADE_NO)).toMatchObject({ tradeState: 'SUCCESS' })
  })
})

describe('the coupons of a payment', () => {
  it.each([
    [[{ type: 'CASH', fee: 101 }]],
    [[{ type: 'CASH', fee: 0 }]],
    [[{ type: 'CASH', fee: 0.5 }]],
  ] as const)('are refused when they are impossible: %j', async (coupons) => {
    const { unifiedOrder, wechat } = shop()
    await unifiedOrder()

    expect(wechat.payer.pay(OUT_TRADE_NO, { coupons })).toMatchObject({ ok: false })
    expect(wechat.books.capturedFen()).toBe(0)
  })
})
