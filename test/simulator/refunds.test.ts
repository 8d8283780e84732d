import { describe, expect, it } from 'vitest'
import { isSignedBy } from '../../simulator/lib/sign.ts'
import { DEMO_MERCHANT } from '../../simulator/server/demo-merchant.ts'
import {
  type Changes,
  DAY_MS,
  MINUTE_MS,
  ORIGIN,
  OUT_REFUND_NO,
  OUT_TRADE_NO,
  read,
  refundFields,
  shop,
  signedXml,
} from '../../testing/simulator/simulated-shop.ts'

describe('a client', () => {
  const send = (fetch: (request: Request) => Promise<Response>, path = '/secapi/pay/refund') =>
    fetch(new Request(ORIGIN + path, { method: 'POST', body: signedXml(refundFields()) }))

  it.each<['fetch' | 'fetchWithWrongCertificate', string]>([
    ['fetch', '400 No required SSL certificate was sent'],
    ['fetchWithWrongCertificate', '400 The SSL certificate error'],
  ])('without the right certificate meets nginx and nobody else: %s', async (fetch, title) => {
    const world = shop()
    await world.paid()

    const response = await send(world.wechat[fetch])

    expect(response.status).toBe(400)
    expect(response.headers.get('Content-Type')).toBe('text/html')
    expect(await response.text()).toContain(`<title>${title}</title>`)
    expect((await send(world.wechat[fetch], '/secapi/pay/reverse')).status).toBe(400)
    expect(world.wechat.books.refunds()).toEqual([])
  })

  it('without a certificate uses up no fault', async () => {
    const { wechat } = shop()
    wechat.faults.inject({ endpoint: 'refund', kind: 'http_500' })

    await send(wechat.fetch)

    expect(wechat.faults.waiting()).toHaveLength(1)
  })

  it('with a certificate may call everything else, too', async () => {
    const { wechat, order } = shop()
    const request = new Request(`${ORIGIN}/pay/unifiedorder`, {
      method: 'POST',
      body: signedXml(order()),
    })

    expect(read(await (await wechat.fetchWithCertificate(request)).text())).toMatchObject({
      result_code: 'SUCCESS',
    })
    expect((await send(wechat.fetchWithCertificate, '/secapi/none')).status).toBe(404)
  })
})

describe('a refund', () => {
  it('is accepted with all that the document names, signed, and the order says REFUND', async () => {
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

  it('may carry every documented parameter', async () => {
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
    ['neither order number', { out_trade_no: undefined }, '缺少参数'],
    ['an empty order number', { out_trade_no: '' }, '缺少参数'],
    ['no refund number', { out_refund_no: undefined }, '缺少参数'],
    ['no total', { total_fee: undefined }, '缺少参数'],
    ['no amount', { refund_fee: undefined }, '缺少参数'],
    ['no money', { refund_fee: '0' }, 'invalid refund_fee'],
    ['negative money', { refund_fee: '-1' }, 'invalid refund_fee'],
    ['yuan', { refund_fee: '0.30' }, 'invalid refund_fee'],
    ['a total in yuan', { total_fee: '1.00' }, 'invalid total_fee'],
    ['a long refund number', { out_refund_no: 'r'.repeat(65) }, 'out_refund_no参数长度有误'],
    ['an odd refund number', { out_refund_no: 'r#1' }, 'out_refund_no参数格式错误'],
    ['a description of 81 bytes', { refund_desc: '书'.repeat(27) }, 'refund_desc参数长度有误'],
    ['another account', { refund_account: 'PURSE' }, 'refund_account参数格式错误'],
    ['dollars', { refund_fee_type: 'USD' }, 'refund_fee_type参数格式错误'],
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
      'of an unknown payment, whatever the other number is',
      { transaction_id: '4200000540202401020000000000' },
      'ORDERNOTEXIST',
      '订单不存在',
    ],
    [
      'of a payment that cannot be',
      { transaction_id: 'T1' },
      'INVALID_TRANSACTIONID',
      '无效transaction_id',
    ],
    [
      'with another total',
      { total_fee: '101' },
      'INVALID_REQUEST',
      '订单金额或退款金额与之前请求不一致，请核实后再试',
    ],
    ['of too much', { refund_fee: '101' }, 'REFUND_FEE_INVALID', '累计退款金额大于支付金额'],
  ])('%s is refused with a signature', async (_, changes, errCode, errCodeDes) => {
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

  it('of an order that nobody paid is a refund of nothing', async () => {
    const { unifiedOrder, refund, closeOrder } = shop()
    await unifiedOrder()

    expect(await refund()).toMatchObject({ err_code: 'ORDERNOTEXIST' })
    await closeOrder()
    expect(await refund()).toMatchObject({ err_code: 'ORDERNOTEXIST' })
  })

  it("follows WeChat's number when both are given", async () => {
    const { paid, refund } = shop()
    const transactionId = await paid()

    expect(await refund({ transaction_id: transactionId, out_trade_no: 'unknown-order' })).toEqual(
      expect.objectContaining({ result_code: 'SUCCESS', out_trade_no: OUT_TRADE_NO }),
    )
  })

  it('is possible for a year', async () => {
    const { paid, refund, clock } = shop()
    await paid()

    clock.advance(365 * DAY_MS)
    expect(await refund()).toMatchObject({ result_code: 'SUCCESS' })
    clock.advance(1)
    expect(await refund({ out_refund_no: 'late' })).toMatchObject({ err_code: 'TRADE_OVERDUE' })
  })
})

describe('a refund number', () => {
  it('is one refund, however often it is asked for, and also when it is final', async () => {
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
    ['another total', { total_fee: '99' }, '订单金额或退款金额与之前请求不一致，请核实后再试'],
    ['another reason', { refund_desc: 'sold out' }, '请求参数与之前请求不一致'],
    ['another notify_url', { notify_url: 'https://a.example/n' }, '请求参数与之前请求不一致'],
  ])('cannot be used again with %s', async (_, changes, words) => {
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

describe('the refunds of one order', () => {
  const refundOf = (n: number, fee: number) => ({
    out_refund_no: `refund-${n}`,
    refund_fee: String(fee),
  })

  it('together give back what was paid and no fen more', async () => {
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
  ] as const)('are a minute apart, unless WeChat is lenient: %s', async (rule, errCode) => {
    const { paid, refund, clock } = shop({ strict: { refundsTooFast: rule } })
    await paid()
    await refund(refundOf(1, 1))

    clock.advance(MINUTE_MS - 1)
    expect((await refund(refundOf(2, 1)))['err_code']).toBe(errCode)
    // The first one again is not a new one.
    expect(await refund(refundOf(1, 1))).toMatchObject({ result_code: 'SUCCESS' })
    clock.advance(1)
    expect(await refund(refundOf(3, 1))).toMatchObject({ result_code: 'SUCCESS' })
  })

  it('wait for each other, not for those of other orders', async () => {
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
      // 65 : 10 : 25 of 33, rounded down to 21, 3 and 8; the fen that is left goes to the cash.
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
  it('may be too low: then nothing happens, and the same number works later', async () => {
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

  it('is whole fen', () => {
    const { wechat } = shop()

    expect(wechat.books.balanceFen()).toBe(Infinity)
    expect(() => wechat.platform.setBalance(0.5)).toThrow('whole fen')
    expect(() => wechat.platform.setBalance(-1)).toThrow('whole fen')
  })
})

describe('a fault at the refund', () => {
  it.each<['request_lost' | 'reply_lost', number]>([
    ['request_lost', 0],
    ['reply_lost', 1],
  ])(
    '%s leaves the caller without an answer, and the refund is there or not',
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
  ])('%s says SYSTEMERROR, and the refund is there or not', async (kind, there) => {
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
  ])('may be any word of WeChat, once: %s', async (errCode) => {
    const { paid, refund, wechat } = shop()
    await paid()
    wechat.faults.inject({ endpoint: 'refund', kind: 'err_code', errCode, errCodeDes: 'x' })

    expect(await refund()).toMatchObject({ result_code: 'FAIL', err_code: errCode })
    expect(wechat.books.refunds()).toEqual([])
    expect(await refund()).toMatchObject({ result_code: 'SUCCESS' })
  })

  it('may distort the answers of a refund and of its query', async () => {
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
