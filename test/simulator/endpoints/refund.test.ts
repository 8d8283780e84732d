import { describe, expect, it } from 'vitest'
import { isSignedBy } from '../../../simulator/lib/sign.ts'
import { DEMO_MERCHANT } from '../../../simulator/server/demo-merchant.ts'
import {
  type Changes,
  DAY_MS,
  OUT_REFUND_NO,
  OUT_TRADE_NO,
  shop,
} from '../../../testing/simulator/simulated-shop.ts'

describe('a refund', () => {
  it('is accepted with every documented element, signed, and the order becomes REFUND', async () => {
    const { paid, refund, orderQuery } = shop()
    const transactionId = await paid()

    const { nonce_str, sign, ...reply } = await refund()

    expect(reply).toEqual({
      return_code: 'SUCCESS',
      return_msg: 'OK',
      appid: DEMO_MERCHANT.appid,
      mch_id: DEMO_MERCHANT.mchId,
      result_code: 'SUCCESS',
      transaction_id: transactionId,
      out_trade_no: OUT_TRADE_NO,
      out_refund_no: OUT_REFUND_NO,
      refund_id: expect.stringMatching(/^500004055020240102\d{11}$/),
      refund_channel: '',
      refund_fee: '30',
      total_fee: '100',
      fee_type: 'CNY',
      cash_fee: '100',
      cash_refund_fee: '30',
    })
    expect(isSignedBy({ ...reply, nonce_str, sign } as never, DEMO_MERCHANT.apiKey, 'MD5')).toBe(
      true,
    )
    expect(await orderQuery()).toMatchObject({
      trade_state: 'REFUND',
      trade_state_desc: '订单发生过退款，退款详情请查询退款单',
      total_fee: '100',
    })
  })

  it('can have every documented parameter', async () => {
    const { paid, refund } = shop()
    const transactionId = await paid()

    const reply = await refund({
      transaction_id: transactionId,
      out_refund_no: `${'a'.repeat(55)}_-|*@0001`,
      refund_fee_type: 'CNY',
      refund_desc: '书'.repeat(26),
      refund_account: 'REFUND_SOURCE_UNSETTLED_FUNDS',
      notify_url: 'https://shop.example.com/refunded',
      op_user_id: '10000100',
      sign_type: 'HMAC-SHA256',
    })

    expect(reply).toMatchObject({ result_code: 'SUCCESS', refund_fee: '30' })
    expect(isSignedBy(reply, DEMO_MERCHANT.apiKey, 'HMAC-SHA256')).toBe(true)
  })

  it.each<[string, Changes, string]>([
    ['an undocumented element', { reason: 'x' }, '请求中含有未在API文档中定义的参数'],
    ['an empty undocumented element', { refund_channel: '' }, '请求中含有未在API文档中定义的参数'],
    ['neither transaction_id nor out_trade_no', { out_trade_no: undefined }, '缺少参数'],
    ['an empty out_trade_no', { out_trade_no: '' }, '缺少参数'],
    ['no out_refund_no', { out_refund_no: undefined }, '缺少参数'],
    ['no total_fee', { total_fee: undefined }, '缺少参数'],
    ['no refund_fee', { refund_fee: undefined }, '缺少参数'],
    ['a refund_fee of 0', { refund_fee: '0' }, 'invalid refund_fee'],
    ['a negative refund_fee', { refund_fee: '-1' }, 'invalid refund_fee'],
    ['a refund_fee in yuan', { refund_fee: '0.30' }, 'invalid refund_fee'],
    ['a total_fee in yuan', { total_fee: '1.00' }, 'invalid total_fee'],
    ['a long out_refund_no', { out_refund_no: 'r'.repeat(65) }, 'out_refund_no参数长度有误'],
    ['a malformed out_refund_no', { out_refund_no: 'r#1' }, 'out_refund_no参数格式错误'],
    ['a description of 81 bytes', { refund_desc: '书'.repeat(27) }, 'refund_desc参数长度有误'],
    ['another account', { refund_account: 'PURSE' }, 'refund_account参数格式错误'],
    ['refund_fee_type USD', { refund_fee_type: 'USD' }, 'refund_fee_type参数格式错误'],
    ['a query string', { notify_url: 'https://a.example/n?x=1' }, 'notify_url参数格式错误'],
    ['a wrong sign', { sign: '0'.repeat(32) }, '签名错误'],
  ])('is refused at the gateway with %s', async (_, changes, words) => {
    const { paid, refund, wechat } = shop()
    await paid()

    expect(await refund(changes)).toEqual({ return_code: 'FAIL', return_msg: words })
    expect(wechat.books.refunds()).toEqual([])
  })

  it.each<[string, Changes, string, string]>([
    ['of an unknown order', { out_trade_no: 'unknown-order' }, 'ORDERNOTEXIST', '订单不存在'],
    [
      'of an unknown transaction_id, even with a known out_trade_no',
      { transaction_id: '4200000540202401020000000000' },
      'ORDERNOTEXIST',
      '订单不存在',
    ],
    [
      'of an impossible transaction_id',
      { transaction_id: 'T1' },
      'INVALID_TRANSACTIONID',
      '无效transaction_id',
    ],
    [
      'with another total_fee',
      { total_fee: '101' },
      'INVALID_REQUEST',
      '订单金额或退款金额与之前请求不一致，请核实后再试',
    ],
    [
      'of more than was paid',
      { refund_fee: '101' },
      'REFUND_FEE_INVALID',
      '累计退款金额大于支付金额',
    ],
  ])('gets a signed refusal: %s', async (_, changes, errCode, errCodeDes) => {
    const { paid, refund, wechat } = shop()
    await paid()

    const reply = await refund(changes)

    expect(reply).toMatchObject({
      return_code: 'SUCCESS',
      result_code: 'FAIL',
      err_code: errCode,
      err_code_des: errCodeDes,
    })
    expect(isSignedBy(reply, DEMO_MERCHANT.apiKey, 'MD5')).toBe(true)
    expect(wechat.books.refunds()).toEqual([])
  })

  it('is refused for an unpaid order', async () => {
    const { unifiedOrder, refund, closeOrder } = shop()
    await unifiedOrder()

    expect(await refund()).toMatchObject({ err_code: 'ORDERNOTEXIST' })
    await closeOrder()
    expect(await refund()).toMatchObject({ err_code: 'ORDERNOTEXIST' })
  })

  it('goes by transaction_id when both numbers are given', async () => {
    const { paid, refund } = shop()
    const transactionId = await paid()

    expect(await refund({ transaction_id: transactionId, out_trade_no: 'unknown-order' })).toEqual(
      expect.objectContaining({ result_code: 'SUCCESS', out_trade_no: OUT_TRADE_NO }),
    )
  })

  it('is possible for a year after the payment', async () => {
    const { paid, refund, clock } = shop()
    await paid()

    clock.advance(365 * DAY_MS)
    expect(await refund()).toMatchObject({ result_code: 'SUCCESS' })
    clock.advance(1)
    expect(await refund({ out_refund_no: 'late' })).toMatchObject({ err_code: 'TRADE_OVERDUE' })
  })
})

describe('an out_refund_no', () => {
  it('is one refund, even when it is requested again, and when it is final', async () => {
    const { paid, refund, wechat, clock } = shop()
    const transactionId = await paid()
    const first = await refund()

    const again = await refund({ nonce_str: 'another' })
    const byOtherNumber = await refund({ out_trade_no: undefined, transaction_id: transactionId })
    clock.advance(DAY_MS)
    const final = await refund({ sign_type: 'HMAC-SHA256' })

    for (const reply of [again, byOtherNumber, final]) {
      expect(reply).toMatchObject({ result_code: 'SUCCESS', refund_id: first['refund_id'] })
    }
    expect(wechat.books.refunds()).toHaveLength(1)
    expect(wechat.books.refundedFen()).toBe(30)
  })

  it.each<[string, Changes, string]>([
    ['another amount', { refund_fee: '31' }, '订单金额或退款金额与之前请求不一致，请核实后再试'],
    [
      'another order',
      { out_trade_no: 'order-2' },
      '订单金额或退款金额与之前请求不一致，请核实后再试',
    ],
    ['another total_fee', { total_fee: '99' }, '订单金额或退款金额与之前请求不一致，请核实后再试'],
    ['another reason', { refund_desc: 'sold out' }, '请求参数与之前请求不一致'],
    ['another notify_url', { notify_url: 'https://a.example/n' }, '请求参数与之前请求不一致'],
  ])('is refused again with %s', async (_, changes, words) => {
    const { paid, refund, wechat } = shop()
    await paid()
    await paid({ out_trade_no: 'order-2' })
    await refund()

    expect(await refund(changes)).toMatchObject({
      err_code: 'INVALID_REQUEST',
      err_code_des: words,
    })
    expect(wechat.books.refunds()).toHaveLength(1)
  })
})

describe('a fault at the refund', () => {
  it.each<['request_lost' | 'reply_lost', number]>([
    ['request_lost', 0],
    ['reply_lost', 1],
  ])(
    '%s leaves the client without an answer, with the refund accepted or not',
    async (kind, there) => {
      const { paid, refund, wechat } = shop()
      await paid()
      wechat.faults.inject({ endpoint: 'refund', kind })

      await expect(refund()).rejects.toThrow('Network connection lost.')

      expect(wechat.books.refunds()).toHaveLength(there)
      expect(await refund()).toMatchObject({ result_code: 'SUCCESS' })
      expect(wechat.books.refunds()).toHaveLength(1)
    },
  )

  it.each<['system_error' | 'system_error_after', number]>([
    ['system_error', 0],
    ['system_error_after', 1],
  ])('%s answers SYSTEMERROR, with the refund accepted or not', async (kind, there) => {
    const { paid, refund, wechat } = shop()
    await paid()
    wechat.faults.inject({ endpoint: 'refund', kind })

    expect(await refund()).toMatchObject({ err_code: 'SYSTEMERROR' })
    expect(wechat.books.refunds()).toHaveLength(there)
  })

  it.each([
    'BIZERR_NEED_RETRY',
    'CERT_ERROR',
    'ORDER_NOT_READY',
    'USER_ACCOUNT_ABNORMAL',
    'FREQUENCY_LIMITED',
    'ERROR',
  ])('can be any err_code, once: %s', async (errCode) => {
    const { paid, refund, wechat } = shop()
    await paid()
    wechat.faults.inject({ endpoint: 'refund', kind: 'err_code', errCode, errCodeDes: 'x' })

    expect(await refund()).toMatchObject({ result_code: 'FAIL', err_code: errCode })
    expect(wechat.books.refunds()).toEqual([])
    expect(await refund()).toMatchObject({ result_code: 'SUCCESS' })
  })

  it('can corrupt the answers of a refund and of its query', async () => {
    const { paid, refund, refundQuery, wechat } = shop()
    await paid()
    wechat.faults.inject({ endpoint: 'refund', kind: 'wrong_sign' })
    wechat.faults.inject({ endpoint: 'refundquery', kind: 'missing_sign' })
    wechat.faults.inject({ endpoint: 'refundquery', kind: 'extra_element' })

    expect(isSignedBy(await refund(), DEMO_MERCHANT.apiKey, 'MD5')).toBe(false)
    expect(await refundQuery()).not.toHaveProperty('sign')
    expect(await refundQuery()).toHaveProperty('future_field_x')
    expect(() =>
      wechat.faults.inject({ endpoint: 'orderquery', kind: 'system_error_after' }),
    ).toThrow('cannot happen')
  })
})
