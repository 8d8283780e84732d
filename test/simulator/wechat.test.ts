import { describe, expect, it } from 'vitest'
import { OUT_TRADE_NO, shop } from '../../testing/simulator/simulated-shop.ts'

describe('the simulated WeChat', () => {
  it('repeats its behaviour with the same seed and clock', async () => {
    const stories = [1, 2].map(async () => {
      const { unifiedOrder, orderQuery, wechat } = shop({
        strict: { undocumentedElementRate: 0.5 },
      })
      await unifiedOrder()
      wechat.payer.pay(OUT_TRADE_NO)
      return [
        await orderQuery(),
        wechat.notices.ofPayments.xml(OUT_TRADE_NO),
        wechat.books.history(),
      ]
    })

    const [first, second] = await Promise.all(stories)

    expect(first).toEqual(second)
  })

  it('can be called as a plain fetch', async () => {
    const { fetch } = shop().wechat

    expect((await fetch(new Request('https://api.weixin.qq.com/'))).status).toBe(404)
  })
})

describe('the history', () => {
  it('lists every event, oldest first', async () => {
    const { unifiedOrder, closeOrder, wechat } = shop()
    await unifiedOrder()
    wechat.payer.cancel(OUT_TRADE_NO)
    wechat.payer.pay(OUT_TRADE_NO)
    await closeOrder()

    expect(wechat.books.history().map(({ type, outcome }) => `${type} ${outcome ?? ''}`)).toEqual([
      'order_created 100 fen',
      expect.stringMatching(/^request SUCCESS wx/),
      'cancelled ',
      expect.stringMatching(/^paid 100 fen, 4200000540/),
      'request ORDERPAID order paid',
    ])
  })
})
