import { describe, expect, it } from 'vitest'
import {
  envelope,
  ORIGIN,
  OUT_TRADE_NO,
  read,
  shop,
  signedXml,
} from '../../../testing/simulator/simulated-shop.ts'

describe('paths and hosts', () => {
  it('are distinguished by path only', async () => {
    const { wechat, order } = shop()
    const post = (url: string) =>
      wechat.fetch(new Request(url, { method: 'POST', body: signedXml(order()) }))

    expect((await post('https://api2.mch.weixin.qq.com/pay/unifiedorder')).status).toBe(200)
    const lost = await post(`${ORIGIN}/pay/unifiedorder/`)
    expect(lost.status).toBe(404)
    expect(lost.headers.get('Content-Type')).toBe('text/html')
  })

  it('accept the parameters of their own endpoint only', async () => {
    const { post } = shop()
    const tooMuch = envelope({ out_trade_no: OUT_TRADE_NO, total_fee: '1' })

    expect(read(await post('/pay/orderquery', tooMuch))['return_msg']).toContain('未在API文档')
    expect(read(await post('/pay/orderquery', envelope({})))['return_msg']).toBe('缺少参数')
    expect(read(await post('/pay/closeorder', envelope({})))['return_msg']).toBe('缺少参数')
  })
})
