import { describe, expect, it } from 'vitest'
import { isSignedBy } from '../../../simulator/lib/sign.ts'
import { parseXml } from '../../../simulator/lib/xml.ts'
import { DEMO_MERCHANT } from '../../../simulator/server/demo-merchant.ts'
import {
  envelope,
  MINUTE_MS,
  ORIGIN,
  OUT_REFUND_NO,
  OUT_TRADE_NO,
  read,
  refundFields,
  shop,
  signedXml,
  T0,
} from '../../../testing/simulator/simulated-shop.ts'

type World = ReturnType<typeof shop>

function send({ wechat, order }: World, signal?: AbortSignal): Promise<Response> {
  const init = { method: 'POST', body: signedXml(order()), ...(signal ? { signal } : {}) }
  return wechat.fetch(new Request(`${ORIGIN}/pay/unifiedorder`, init))
}

describe('a fault of the network', () => {
  it.each<['request_lost' | 'reply_lost', boolean]>([
    ['request_lost', false],
    ['reply_lost', true],
  ])('%s drops the connection', async (kind, isActedOn) => {
    const world = shop()
    world.wechat.faults.inject({ endpoint: 'unifiedorder', kind })

    await expect(send(world)).rejects.toThrow(new TypeError('Network connection lost.'))

    expect(world.wechat.books.orders()).toHaveLength(isActedOn ? 1 : 0)
    expect((await send(world)).status).toBe(200)
  })

  it.each<['stall_before' | 'stall_after', boolean]>([
    ['stall_before', false],
    ['stall_after', true],
  ])('%s never answers until the client gives up', async (kind, isActedOn) => {
    const world = shop()
    world.wechat.faults.inject({ endpoint: 'unifiedorder', kind })

    const sent = send(world, AbortSignal.timeout(20))

    await expect(sent).rejects.toMatchObject({ name: 'TimeoutError' })
    expect(world.wechat.books.orders()).toHaveLength(isActedOn ? 1 : 0)
  })

  it('arrives_late acts on the request when its client has long given up', async () => {
    const world = shop()
    const { wechat, clock, paid } = world
    await paid()
    const late = () =>
      wechat.fetchWithCertificate(
        new Request(`${ORIGIN}/secapi/pay/refund`, {
          method: 'POST',
          body: signedXml(refundFields()),
          signal: AbortSignal.timeout(20),
        }),
      )
    wechat.faults.inject({ endpoint: 'refund', kind: 'arrives_late' })

    await expect(late()).rejects.toMatchObject({ name: 'TimeoutError' })
    clock.advance(MINUTE_MS)
    expect(await world.refundQuery()).toMatchObject({ err_code: 'REFUNDNOTEXIST' })
    expect(await wechat.faults.deliverLate()).toBe(1)

    expect(await world.refundQuery()).toMatchObject({ refund_status_0: 'PROCESSING' })
    expect(wechat.books.refunds()).toMatchObject([{ refundFee: 30, appliedAt: T0 + MINUTE_MS }])
    expect(wechat.books.history()).toContainEqual(
      expect.objectContaining({
        at: T0 + MINUTE_MS,
        endpoint: 'refund',
        outRefundNo: OUT_REFUND_NO,
        fault: 'arrives_late',
      }),
    )
    expect(await wechat.faults.deliverLate()).toBe(0)
  })

  it('arrives_late keeps the order of the requests, and can be cleared', async () => {
    const world = shop()
    const { wechat } = world
    const signal = AbortSignal.timeout(50)
    wechat.faults.inject({ endpoint: 'any', kind: 'arrives_late', times: 2 })
    const order = send(world, signal)
    const close = wechat.fetch(
      new Request(`${ORIGIN}/pay/closeorder`, {
        method: 'POST',
        body: signedXml(envelope({ out_trade_no: OUT_TRADE_NO })),
        signal,
      }),
    )
    await Promise.allSettled([order, close])

    expect(wechat.books.orders()).toEqual([])
    expect(await wechat.faults.deliverLate()).toBe(2)
    expect(wechat.books.orders()).toMatchObject([{ tradeState: 'CLOSED' }])
    wechat.faults.inject({ endpoint: 'orderquery', kind: 'arrives_late' })
    const query = wechat.fetch(
      new Request(`${ORIGIN}/pay/orderquery`, { method: 'POST', signal: AbortSignal.timeout(20) }),
    )
    await Promise.allSettled([query])
    wechat.faults.clear()
    expect(await wechat.faults.deliverLate()).toBe(0)
  })

  it.each<['http_500' | 'http_502' | 'http_502_after', number, boolean]>([
    ['http_500', 500, false],
    ['http_502', 502, false],
    ['http_502_after', 502, true],
  ])('%s answers with an HTML page', async (kind, status, isActedOn) => {
    const world = shop()
    world.wechat.faults.inject({ endpoint: 'any', kind })

    const response = await send(world)

    expect(response.status).toBe(status)
    expect(await response.text()).toContain('<html>')
    expect(world.wechat.books.orders()).toHaveLength(isActedOn ? 1 : 0)
  })
})

describe('an injected refusal', () => {
  it.each<['system_error' | 'frequency_limited' | 'not_auth', string]>([
    ['system_error', 'SYSTEMERROR'],
    ['frequency_limited', 'FREQUENCY_LIMITED'],
    ['not_auth', 'NOAUTH'],
  ])('%s is signed, and the request has no effect', async (kind, errCode) => {
    const world = shop()
    world.wechat.faults.inject({ endpoint: 'unifiedorder', kind })

    const reply = read(await (await send(world)).text())

    expect(reply).toMatchObject({ result_code: 'FAIL', err_code: errCode })
    expect(isSignedBy(reply, DEMO_MERCHANT.apiKey, 'MD5')).toBe(true)
    expect(world.wechat.books.orders()).toEqual([])
  })

  it('can have any err_code and any return_msg', async () => {
    const world = shop()
    world.wechat.faults.inject({
      endpoint: 'unifiedorder',
      kind: 'err_code',
      errCode: 'OUT_TRADE_NO_USED',
      errCodeDes: '商户订单号重复',
    })
    world.wechat.faults.inject({
      endpoint: 'unifiedorder',
      kind: 'return_fail',
      returnMsg: '受理机构必须传入sub_mch_id',
    })

    expect(read(await (await send(world)).text())).toMatchObject({
      err_code: 'OUT_TRADE_NO_USED',
      err_code_des: '商户订单号重复',
    })
    expect(read(await (await send(world)).text())).toEqual({
      return_code: 'FAIL',
      return_msg: '受理机构必须传入sub_mch_id',
    })
  })
})

describe('a corrupted reply', () => {
  it('can be signed wrongly, not at all, or with MD5 instead of HMAC-SHA256', async () => {
    const { wechat, unifiedOrder } = shop()
    for (const kind of ['wrong_sign', 'missing_sign', 'md5_reply'] as const) {
      wechat.faults.inject({ endpoint: 'unifiedorder', kind })
    }
    const hmac = { sign_type: 'HMAC-SHA256' }

    const wrong = await unifiedOrder(hmac)
    expect(wrong['sign']).toHaveLength(64)
    expect(isSignedBy(wrong, DEMO_MERCHANT.apiKey, 'HMAC-SHA256')).toBe(false)
    expect(await unifiedOrder(hmac)).not.toHaveProperty('sign')
    expect(isSignedBy(await unifiedOrder(hmac), DEMO_MERCHANT.apiKey, 'MD5')).toBe(true)
  })

  it('can have other ids, an unknown element or another order of elements, all with a valid sign', async () => {
    const { wechat, unifiedOrder } = shop()
    for (const kind of ['other_appid', 'other_mch_id', 'extra_element', 'other_order'] as const) {
      wechat.faults.inject({ endpoint: 'unifiedorder', kind })
    }

    const replies = [
      await unifiedOrder(),
      await unifiedOrder(),
      await unifiedOrder(),
      await unifiedOrder(),
    ]

    expect(replies[0]?.['appid']).not.toBe(DEMO_MERCHANT.appid)
    expect(replies[1]?.['mch_id']).not.toBe(DEMO_MERCHANT.mchId)
    expect(replies[2]).toHaveProperty('future_field_x')
    expect(Object.keys(replies[3] ?? {})[0]).toBe('trade_type')
    for (const reply of replies) {
      expect(isSignedBy(reply, DEMO_MERCHANT.apiKey, 'MD5')).toBe(true)
    }
  })

  it('can be truncated', async () => {
    const world = shop()
    world.wechat.faults.inject({ endpoint: 'unifiedorder', kind: 'truncated_xml' })

    const text = await (await send(world)).text()

    expect(text).toMatch(/^<xml>/)
    expect(parseXml(text).ok).toBe(false)
    expect(world.wechat.books.orders()).toHaveLength(1)
  })

  it('has a valid sign with integers bare or in CDATA, and with undocumented elements', async () => {
    const { unifiedOrder, post, order } = shop({
      strict: { undocumentedElementRate: 0.5, integerStyleRate: 0.5 },
    })
    await unifiedOrder()
    const { appid, mch_id, nonce_str } = order()
    const texts: string[] = []
    for (let n = 0; n < 60; n++) {
      texts.push(
        await post('/pay/orderquery', { appid, mch_id, nonce_str, out_trade_no: OUT_TRADE_NO }),
      )
    }

    expect(texts.some((text) => text.includes('<total_fee>100<'))).toBe(true)
    expect(texts.some((text) => text.includes('<total_fee><![CDATA[100]]>'))).toBe(true)
    expect(texts.some((text) => text.includes('<Zone><![CDATA[上海]]>'))).toBe(true)
    for (const text of texts) {
      expect(isSignedBy(read(text), DEMO_MERCHANT.apiKey, 'MD5')).toBe(true)
    }
  })
})

describe('the fault queue', () => {
  it('keeps a fault for its endpoint, for as many requests as ordered', async () => {
    const world = shop()
    const { wechat, orderQuery, unifiedOrder } = world
    wechat.faults.inject({ endpoint: 'orderquery', kind: 'system_error', times: 2 })

    expect(await unifiedOrder()).toMatchObject({ result_code: 'SUCCESS' })
    expect(await orderQuery()).toMatchObject({ err_code: 'SYSTEMERROR' })
    expect(wechat.faults.waiting()).toEqual([
      { endpoint: 'orderquery', kind: 'system_error', times: 1 },
    ])
    expect(await orderQuery()).toMatchObject({ err_code: 'SYSTEMERROR' })
    expect(await orderQuery()).toMatchObject({ trade_state: 'NOTPAY' })
  })

  it('can be cleared', async () => {
    const { wechat, unifiedOrder } = shop()
    wechat.faults.inject({ endpoint: 'any', kind: 'http_500', times: 9 })

    wechat.faults.clear()

    expect(await unifiedOrder()).toMatchObject({ result_code: 'SUCCESS' })
  })

  it('refuses a fault that cannot happen', () => {
    const { wechat } = shop()

    expect(() => wechat.faults.inject({ endpoint: 'orderquery', kind: 'login_busy' })).toThrow(
      'login_busy cannot happen at orderquery',
    )
    expect(() => wechat.faults.inject({ endpoint: 'any', kind: 'http_500', times: 0 })).toThrow(
      'not 0',
    )
  })

  it('can make closeorder answer OK and do nothing', async () => {
    const { wechat, unifiedOrder, closeOrder, orderQuery } = shop()
    await unifiedOrder()
    wechat.faults.inject({ endpoint: 'closeorder', kind: 'close_without_effect' })

    expect(await closeOrder()).toMatchObject({ result_code: 'SUCCESS', result_msg: 'OK' })
    expect(await orderQuery()).toMatchObject({ trade_state: 'NOTPAY' })
    expect(await closeOrder()).toMatchObject({ result_code: 'SUCCESS' })
    expect(await orderQuery()).toMatchObject({ trade_state: 'CLOSED' })
  })
})
