import { describe, expect, it } from 'vitest'
import { sign } from '../../../simulator/lib/sign.ts'
import { DEMO_MERCHANT } from '../../../simulator/server/demo-merchant.ts'
import type { SimulatorOptions } from '../../../simulator/wechat.ts'
import { billOf, waitForBill } from '../../../testing/simulator/bill-downloads.ts'
import {
  OUT_REFUND_NO,
  OUT_TRADE_NO,
  read,
  REFUND_NOTIFY_URL,
  shop,
} from '../../../testing/simulator/simulated-shop.ts'

const FIRST = DEMO_MERCHANT.appid
const SECOND = 'wx00000000000000ff'

/** A merchant with two mini programs and an order, paid in the first one. */
async function twoMiniPrograms(strict: SimulatorOptions['strict'] = {}) {
  const world = shop({ strict })
  await world.paid()
  world.wechat.platform.bindMiniProgram(SECOND, 'second secret')
  return world
}

describe('a second mini program of the merchant', () => {
  it('does not exist before it is bound', async () => {
    const { unifiedOrder, wechat } = shop()

    expect(await unifiedOrder({ appid: SECOND })).toMatchObject({ return_msg: 'appid不存在' })
    expect(() => wechat.platform.bindMiniProgram('mine', 'x')).toThrow('mine is not an appid')
  })

  it('takes payments of its own: cashier, notice, query and bill name it', async () => {
    const world = await twoMiniPrograms()
    const { wechat, unifiedOrder, orderQuery, openid } = world
    const outTradeNo = 'order-2'
    const { prepay_id: prepayId } = await unifiedOrder({ appid: SECOND, out_trade_no: outTradeNo })
    const params = {
      timeStamp: '1704135845',
      nonceStr: 'n',
      package: `prepay_id=${prepayId}`,
      signType: 'MD5',
    }
    const cashierOf = (appId: string) => {
      const paySign = sign({ appId, ...params }, DEMO_MERCHANT.apiKey, 'MD5')
      return wechat.payer.requestPayment(openid, { ...params, paySign })
    }

    expect(cashierOf(FIRST)).toMatchObject({ ok: false })
    expect(cashierOf(SECOND)).toMatchObject({ ok: true })
    wechat.payer.pay(outTradeNo)

    expect(read(wechat.notices.ofPayments.xml(outTradeNo))['appid']).toBe(SECOND)
    expect(read(wechat.notices.ofPayments.xml(OUT_TRADE_NO))['appid']).toBe(FIRST)
    expect(await orderQuery({ appid: SECOND, out_trade_no: outTradeNo })).toMatchObject({
      appid: SECOND,
      trade_state: 'SUCCESS',
    })
    waitForBill(world)
    const { rows } = await billOf(world, { appid: SECOND })
    expect(rows.map((row) => [row['商户订单号'], row['公众账号ID']]).toSorted()).toEqual([
      [OUT_TRADE_NO, FIRST],
      [outTradeNo, SECOND],
    ])
  })

  it('can ask about orders of the first one, but not order anew under their numbers', async () => {
    const { orderQuery, unifiedOrder } = await twoMiniPrograms()
    await unifiedOrder({ out_trade_no: 'order-2' })

    expect(await orderQuery({ appid: SECOND, out_trade_no: OUT_TRADE_NO })).toMatchObject({
      appid: SECOND,
      trade_state: 'SUCCESS',
    })
    expect(await unifiedOrder({ appid: SECOND, out_trade_no: 'order-2' })).toMatchObject({
      appid: SECOND,
      err_code_des: '201 商户订单号重复',
    })
  })

  it('cannot refund an order of the first one, unless the strictness allows it', async () => {
    const strict = await twoMiniPrograms()
    const tolerant = await twoMiniPrograms({ refundByOtherAppid: 'accept' })

    expect(await strict.refund({ appid: SECOND })).toMatchObject({
      err_code: 'ERROR',
      err_code_des: '您的请求参数与订单信息不一致',
    })
    expect(strict.wechat.books.refunds()).toEqual([])
    expect(await tolerant.refund({ appid: SECOND })).toMatchObject({ result_code: 'SUCCESS' })
  })

  it('does not appear in the refund notices of the first one', async () => {
    const { refund, wechat } = await twoMiniPrograms()
    await refund({ notify_url: REFUND_NOTIFY_URL })

    expect(read(wechat.notices.ofRefunds.xml(OUT_REFUND_NO))['appid']).toBe(FIRST)
  })
})
