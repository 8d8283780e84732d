import { describe, expect, it } from 'vitest'
import { sign, type SignType } from '../../../simulator/lib/sign.ts'
import { DEMO_MERCHANT } from '../../../simulator/server/demo-merchant.ts'
import {
  HOUR_MS,
  MINUTE_MS,
  OUT_TRADE_NO,
  shop,
} from '../../../testing/simulator/simulated-shop.ts'

function payParams(prepayId: string, signType: SignType = 'MD5', key = DEMO_MERCHANT.apiKey) {
  const params = {
    timeStamp: '1704135845',
    nonceStr: 'Zx9cV8bN7mQ6wE5rT4yU3iO2pL1kJ0hG',
    package: `prepay_id=${prepayId}`,
    signType,
  }
  return { ...params, paySign: sign({ appId: DEMO_MERCHANT.appid, ...params }, key, signType) }
}

async function orderedShop(changes: Record<string, string> = {}) {
  const world = shop()
  const reply = await world.unifiedOrder(changes)
  return { ...world, prepayId: reply['prepay_id'] ?? '' }
}

describe("the payer's phone", () => {
  it('opens the cashier for correct parameters', async () => {
    const { wechat, openid, prepayId } = await orderedShop()

    expect(wechat.payer.requestPayment(openid, payParams(prepayId))).toEqual({
      ok: true,
      cashier: { outTradeNo: OUT_TRADE_NO, totalFee: 100, body: '测试商店-图书', prepayId },
    })
  })

  it('requires the sign type of the unified order', async () => {
    const { wechat, openid, prepayId } = await orderedShop({ sign_type: 'HMAC-SHA256' })

    expect(wechat.payer.requestPayment(openid, payParams(prepayId, 'HMAC-SHA256')).ok).toBe(true)
    expect(wechat.payer.requestPayment(openid, payParams(prepayId, 'MD5'))).toMatchObject({
      ok: false,
      errMsg: 'requestPayment:fail cancel',
      why: '支付验证签名失败: unifiedorder was signed with HMAC-SHA256',
    })
  })

  it('signs appId with a capital I', async () => {
    const { wechat, openid, prepayId } = await orderedShop()
    const { paySign: _, ...rest } = payParams(prepayId)
    const paySign = sign({ appid: DEMO_MERCHANT.appid, ...rest }, DEMO_MERCHANT.apiKey, 'MD5')

    expect(wechat.payer.requestPayment(openid, { ...rest, paySign })).toMatchObject({
      errMsg: 'requestPayment:fail cancel',
      why: expect.stringContaining('支付验证签名失败'),
    })
  })

  it('refuses a timeStamp that is a number', async () => {
    const { wechat, openid, prepayId } = await orderedShop()

    expect(
      wechat.payer.requestPayment(openid, { ...payParams(prepayId), timeStamp: 1_704_135_845 }),
    ).toMatchObject({
      errMsg:
        'requestPayment:fail parameter error: parameter.timeStamp should be String instead of Number;',
    })
  })

  it.each([
    ['milliseconds', { timeStamp: '1704135845000' }],
    ['a long nonceStr', { nonceStr: 'n'.repeat(33) }],
    ['a bare prepay_id', { package: 'wx02' }],
    ['an unknown signType', { signType: 'RSA' }],
    ['no paySign', { paySign: undefined }],
  ])('refuses %s', async (_, change) => {
    const { wechat, openid, prepayId } = await orderedShop()

    expect(
      wechat.payer.requestPayment(openid, { ...payParams(prepayId), ...change }),
    ).toMatchObject({
      ok: false,
      errMsg: expect.stringContaining('parameter error'),
    })
  })

  it('refuses a sign with another key, another payer, and an unknown prepay_id', async () => {
    const { wechat, openid, prepayId } = await orderedShop()

    expect(wechat.payer.requestPayment(openid, payParams(prepayId, 'MD5', 'k'.repeat(32))).ok).toBe(
      false,
    )
    expect(
      wechat.payer.requestPayment(wechat.payer.newOpenid(), payParams(prepayId)),
    ).toMatchObject({
      why: '下单账号与支付账号不一致',
    })
    expect(wechat.payer.requestPayment(openid, payParams('wx00'))).toMatchObject({
      why: expect.stringContaining('no such prepay_id'),
    })
  })

  it('refuses a prepay_id that is two hours old', async () => {
    const { wechat, openid, prepayId, clock, unifiedOrder } = await orderedShop()

    clock.advance(2 * HOUR_MS - 1)
    expect(wechat.payer.requestPayment(openid, payParams(prepayId)).ok).toBe(true)
    clock.advance(1)
    expect(wechat.payer.requestPayment(openid, payParams(prepayId)).ok).toBe(false)

    const renewed = await unifiedOrder()
    expect(wechat.payer.requestPayment(openid, payParams(prepayId)).ok).toBe(false)
    expect(wechat.payer.requestPayment(openid, payParams(renewed['prepay_id'] ?? '')).ok).toBe(true)
  })

  it('refuses an order that is expired, paid or closed', async () => {
    const late = await orderedShop({ time_expire: '20240102031000' })
    late.clock.advance(10 * MINUTE_MS)
    expect(late.wechat.payer.requestPayment(late.openid, payParams(late.prepayId)).ok).toBe(false)

    const paid = await orderedShop()
    paid.wechat.payer.pay(OUT_TRADE_NO)
    expect(paid.wechat.payer.requestPayment(paid.openid, payParams(paid.prepayId)).ok).toBe(false)

    const closed = await orderedShop()
    await closed.closeOrder()
    expect(closed.wechat.payer.requestPayment(closed.openid, payParams(closed.prepayId)).ok).toBe(
      false,
    )
  })
})
