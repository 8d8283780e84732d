import { describe, expect, it } from 'vitest'
import { isSignedBy } from '../../../simulator/lib/sign.ts'
import { formatXml } from '../../../simulator/lib/xml.ts'
import { DEMO_MERCHANT } from '../../../simulator/server/demo-merchant.ts'
import {
  type Changes,
  HOUR_MS,
  MINUTE_MS,
  ORIGIN,
  OUT_TRADE_NO,
  read,
  shop,
  signedXml,
} from '../../../testing/simulator/simulated-shop.ts'

describe('a unified order', () => {
  it('is answered with a prepay_id, signed, in the element order of live answers', async () => {
    const { post, order, wechat, openid } = shop()

    const xml = await post('/pay/unifiedorder', order())

    const reply = read(xml)
    expect(xml).toMatch(/^<xml><return_code><!\[CDATA\[SUCCESS\]\]><\/return_code>\n/)
    expect(Object.keys(reply)).toEqual([
      'return_code',
      'return_msg',
      'appid',
      'mch_id',
      'nonce_str',
      'sign',
      'result_code',
      'prepay_id',
      'trade_type',
    ])
    expect(reply['prepay_id']).toMatch(/^wx02030405[0-9a-f]{26}$/)
    expect(reply['nonce_str']).toMatch(/^[0-9A-Za-z]{16}$/)
    expect(isSignedBy(reply, DEMO_MERCHANT.apiKey, 'MD5')).toBe(true)
    expect(wechat.books.order(OUT_TRADE_NO)).toMatchObject({
      tradeState: 'NOTPAY',
      totalFee: 100,
      openid,
      signType: 'MD5',
    })
  })

  it('is answered with HMAC-SHA256 when it is signed with HMAC-SHA256', async () => {
    const { unifiedOrder } = shop()

    const reply = await unifiedOrder({ sign_type: 'HMAC-SHA256' })

    expect(reply['sign']).toHaveLength(64)
    expect(isSignedBy(reply, DEMO_MERCHANT.apiKey, 'HMAC-SHA256')).toBe(true)
  })

  it('can have every documented parameter of a direct merchant', async () => {
    const { unifiedOrder } = shop()

    const reply = await unifiedOrder({
      device_info: 'WEB',
      detail: '{"goods_detail":[{"goods_id":"g1","goods_name":"书","quantity":1,"price":100}]}',
      attach: 'a=1&b=<2>',
      fee_type: 'CNY',
      time_start: '20240102030405',
      time_expire: '20240102033405',
      goods_tag: 'WXG',
      limit_pay: 'no_credit',
      receipt: 'Y',
      profit_sharing: 'N',
      scene_info: '{"store_info":{"id":"SZTX001"}}',
      version: '1.0',
      spbill_create_ip: '2001:db8::7',
      sign_type: 'MD5',
    })

    expect(reply).toMatchObject({ result_code: 'SUCCESS', device_info: 'WEB' })
  })

  it.each<[string, Changes, string]>([
    ['an undocumented element', { orderTime: '1' }, '请求中含有未在API文档中定义的参数'],
    ['an empty undocumented element', { auth_code: '' }, '请求中含有未在API文档中定义的参数'],
    ["a service provider's element", { sub_mch_id: '1' }, '请求中含有未在API文档中定义的参数'],
    ['an element named constructor', { constructor: '1' }, '请求中含有未在API文档中定义的参数'],
    ['no appid', { appid: undefined }, '缺少参数'],
    ['no mch_id', { mch_id: undefined }, '缺少参数'],
    ['a malformed mch_id', { mch_id: 'M1' }, 'mch_id参数格式错误'],
    ['a long mch_id', { mch_id: '1'.repeat(33) }, 'mch_id参数长度有误'],
    ['a long appid', { appid: 'w'.repeat(33) }, 'appid参数长度有误'],
    ['an unknown mch_id', { mch_id: '10000101' }, '商户号mch_id或sub_mch_id不存在'],
    ['an unknown appid', { appid: 'wx0000000000000000' }, 'appid不存在'],
    ['an appid not bound', { appid: 'wx1111111111111111' }, '商户号mch_id与appid不匹配'],
    ['no nonce_str', { nonce_str: undefined }, '缺少参数'],
    ['no sign', { sign: undefined }, '缺少参数'],
    ['an empty body', { body: '' }, '缺少参数'],
    ['a long nonce_str', { nonce_str: 'n'.repeat(33) }, 'nonce_str参数长度有误'],
    ['a body of 128 bytes', { body: `${'书'.repeat(42)}ab` }, 'body参数长度有误'],
    ['an attach of 128 bytes', { attach: 'a'.repeat(128) }, 'attach参数长度有误'],
    ['a long out_trade_no', { out_trade_no: 'n'.repeat(33) }, 'out_trade_no参数长度有误'],
    ['a short out_trade_no', { out_trade_no: 'n2345' }, 'out_trade_no参数长度有误'],
    ['a malformed out_trade_no', { out_trade_no: 'order#1' }, 'out_trade_no参数格式错误'],
    ['a total_fee of 0', { total_fee: '0' }, 'invalid total_fee'],
    ['a negative total_fee', { total_fee: '-1' }, 'invalid total_fee'],
    ['a total_fee in yuan', { total_fee: '1.00' }, 'invalid total_fee'],
    ['a leading zero', { total_fee: '0100' }, 'invalid total_fee'],
    ['a total_fee above the limit', { total_fee: '1000000001' }, 'invalid total_fee'],
    ['no spbill_create_ip', { spbill_create_ip: 'localhost' }, 'invalid spbill_create_ip'],
    ['an incomplete IPv4 address', { spbill_create_ip: '203.0.113' }, 'invalid spbill_create_ip'],
    ['an IPv4 number above 255', { spbill_create_ip: '203.0.113.256' }, 'invalid spbill_create_ip'],
    ['two IP addresses', { spbill_create_ip: '203.0.113.7, 10.0.0.1' }, 'invalid spbill_create_ip'],
    ['an incomplete IPv6 address', { spbill_create_ip: '2001:db8:7' }, 'invalid spbill_create_ip'],
    ['a query string', { notify_url: 'https://a.example/n?x=1' }, 'notify_url参数格式错误'],
    ['a fragment', { notify_url: 'https://a.example/n#x' }, 'notify_url参数格式错误'],
    ['no path', { notify_url: 'https://a.example' }, 'notify_url参数格式错误'],
    ['no scheme', { notify_url: 'a.example/notify' }, 'notify_url参数格式错误'],
    ['plain http', { notify_url: 'http://a.example/notify' }, 'notify_url参数格式错误'],
    ['fee_type USD', { fee_type: 'USD' }, 'fee_type参数格式错误'],
    ['another limit_pay', { limit_pay: 'no_debit' }, 'limit_pay参数格式错误'],
    ['a detail that is not JSON', { detail: 'books' }, 'detail参数格式错误'],
    ['goods without a price', { detail: '{"goods_detail":[{}]}' }, 'detail参数格式错误'],
    ['a scene without a store id', { scene_info: '{}' }, 'scene_info参数格式错误'],
    ['an unknown sign_type', { sign_type: 'SHA1' }, 'sign_type参数格式错误'],
    ['a lower-case sign_type', { sign_type: 'md5' }, 'sign_type参数格式错误'],
    ['an unknown trade_type', { trade_type: 'jsapi' }, 'trade_type参数格式错误'],
    ['a 31st of February', { time_start: '20240231000000' }, 'time_start参数格式错误'],
    ['no openid', { openid: undefined }, 'JSAPI支付必须传openid'],
    [
      'a time_expire a second too early',
      { time_expire: '20240102030904' },
      'time_expire时间过短，刷卡至少1分钟，其他5分钟',
    ],
    [
      'a time_expire too close to time_start',
      { time_start: '20240102030500', time_expire: '20240102030959' },
      'time_expire时间过短，刷卡至少1分钟，其他5分钟',
    ],
    ['a wrong sign', { sign: 'A'.repeat(32) }, '签名错误'],
    ['a malformed openid', { openid: 'me' }, 'appid and openid not match'],
  ])('gets an unsigned refusal for %s', async (_, changes, returnMsg) => {
    const { unifiedOrder, wechat } = shop({ strict: { unboundAppids: ['wx1111111111111111'] } })

    expect(await unifiedOrder(changes)).toEqual({ return_code: 'FAIL', return_msg: returnMsg })
    expect(wechat.books.orders()).toEqual([])
  })

  it('is refused for its first mistake in the order of the checks', async () => {
    const { wechat, order } = shop()
    const wrongs: [Changes, string][] = [
      [{ orderTime: '1' }, '请求中含有未在API文档中定义的参数'],
      [{ mch_id: '10000101' }, '商户号mch_id或sub_mch_id不存在'],
      [{ body: undefined }, '缺少参数'],
      [{ attach: 'a'.repeat(128) }, 'attach参数长度有误'],
      [{ total_fee: '0' }, 'invalid total_fee'],
      [{ sign: 'A'.repeat(32) }, '签名错误'],
      [{ openid: wechat.payer.foreignOpenid() }, 'appid and openid not match'],
    ]

    for (let first = 0; first < wrongs.length; first++) {
      const changes = Object.assign({}, ...wrongs.slice(first).map(([change]) => change))
      const response = await wechat.fetch(
        new Request(`${ORIGIN}/pay/unifiedorder`, {
          method: 'POST',
          body: signedXml(order(changes)),
        }),
      )
      expect(read(await response.text())['return_msg']).toBe(wrongs[first]?.[1])
    }
  })

  it.each<[string, RequestInit, string]>([
    ['not posted', { method: 'GET' }, 'require POST method'],
    ['empty', { method: 'POST' }, 'XML格式错误'],
    ['a form', { method: 'POST', body: 'appid=1&mch_id=2' }, 'XML格式错误'],
    ['XML with a DOCTYPE', { method: 'POST', body: '<!DOCTYPE xml><xml></xml>' }, 'XML格式错误'],
    ['not UTF-8', { method: 'POST', body: new Uint8Array([0x3c, 0xff, 0xfe]) }, 'XML格式错误'],
    ['70,000 bytes long', { method: 'POST', body: 'x'.repeat(70_000) }, 'XML格式错误'],
  ])('is refused when it is %s', async (_, init, returnMsg) => {
    const { wechat } = shop()

    const response = await wechat.fetch(new Request(`${ORIGIN}/pay/unifiedorder`, init))

    expect(response.status).toBe(200)
    expect(read(await response.text())).toEqual({ return_code: 'FAIL', return_msg: returnMsg })
  })

  it('must have its sign_type signed', async () => {
    const { wechat, order } = shop()
    const unsigned = read(signedXml(order()))
    const body = formatXml({ ...unsigned, sign_type: 'MD5' })

    const response = await wechat.fetch(
      new Request(`${ORIGIN}/pay/unifiedorder`, { method: 'POST', body }),
    )

    expect(read(await response.text())['return_msg']).toBe('签名错误')
  })

  it('can have 127 bytes of body, and exactly five minutes until time_expire', async () => {
    const { unifiedOrder } = shop()

    expect(
      await unifiedOrder({ body: `${'书'.repeat(42)}a`, time_expire: '20240102030905' }),
    ).toMatchObject({ result_code: 'SUCCESS' })
  })

  it('can have a local notify_url, unless the strictness forbids it', async () => {
    const local = { notify_url: 'http://127.0.0.1:8787/notify' }

    expect(await shop().unifiedOrder(local)).toMatchObject({ result_code: 'SUCCESS' })
    expect(
      await shop({ strict: { allowLoopbackNotifyUrl: false } }).unifiedOrder(local),
    ).toMatchObject({ return_msg: 'notify_url参数格式错误' })
  })
})

describe('the same out_trade_no again', () => {
  it('gets the same prepay_id within two hours, and a fresh one after', async () => {
    const { unifiedOrder, clock } = shop()
    const first = await unifiedOrder({ time_expire: '20240102120000' })

    clock.advance(2 * HOUR_MS - 1)
    const second = await unifiedOrder({ time_expire: '20240102120000', nonce_str: 'another' })
    clock.advance(1)
    const third = await unifiedOrder({ time_expire: '20240102120000' })

    expect(second['prepay_id']).toBe(first['prepay_id'])
    expect(third['result_code']).toBe('SUCCESS')
    expect(third['prepay_id']).not.toBe(first['prepay_id'])
  })

  it('is accepted when less than five minutes are left', async () => {
    const { unifiedOrder, clock } = shop()
    await unifiedOrder({ time_expire: '20240102031000' })

    clock.advance(3 * MINUTE_MS)

    expect(await unifiedOrder({ time_expire: '20240102031000' })).toMatchObject({
      result_code: 'SUCCESS',
    })
  })

  it.each<[string, Changes]>([
    ['amount', { total_fee: '101' }],
    ['IP', { spbill_create_ip: '203.0.113.8' }],
    ['openid', { openid: 'oUpF8uMuAJO_M2pxb1Q9zNjWeS6o' }],
    ['attach', { attach: 'x' }],
    ['device', { device_info: 'WEB' }],
    ['sign type', { sign_type: 'MD5' }],
  ])('is refused with another %s, signed, with device_info echoed', async (_, changes) => {
    const { unifiedOrder } = shop()
    await unifiedOrder()

    const reply = await unifiedOrder(changes)

    expect(reply).toMatchObject({
      return_code: 'SUCCESS',
      result_code: 'FAIL',
      err_code: 'INVALID_REQUEST',
      err_code_des: '201 商户订单号重复',
      device_info: changes['device_info'] ?? '',
    })
    expect(isSignedBy(reply, DEMO_MERCHANT.apiKey, 'MD5')).toBe(true)
  })

  it('is accepted or refused after its deadline, as the strictness says', async () => {
    for (const reorderAfterExpiry of ['accept', 'refuse'] as const) {
      const { unifiedOrder, clock } = shop({ strict: { reorderAfterExpiry } })
      await unifiedOrder({ time_expire: '20240102031000' })
      clock.advance(10 * MINUTE_MS)

      const reply = await unifiedOrder({ time_expire: '20240102031000' })

      expect(reply['result_code']).toBe(reorderAfterExpiry === 'accept' ? 'SUCCESS' : 'FAIL')
    }
  })
})
