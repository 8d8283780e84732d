import { describe, expect, it } from 'vitest'
import { world, type World } from '../../../testing/world.ts'

async function paidAtWechat(w: World, name: string) {
  const ordercode = await w.order(name)
  const openid = w.wechat.payer.newOpenid()
  await w.pay(ordercode, openid)
  w.wechat.payer.pay(ordercode)
  return { ordercode, openid }
}

describe('a notice under the old API key', () => {
  const OLD = '192006250b4c09247ec02edce69f6a2d'
  const NEW = '0123456789abcdef0123456789abcdef'

  it('is a hint that a query under the new key confirms', async () => {
    const w = world()
    const { ordercode } = await paidAtWechat(w, 'oldkey')
    const notice = w.wechat.notices.ofPayments.xml(ordercode, { key: NEW })
    // The simulated WeChat keeps its key. The Worker is configured with NEW as the old key.
    const answer = await w.notifyWith({ WX_API_KEY: OLD, WX_API_KEY_OLD: NEW }, notice)
    expect(answer.status).toBe(200)
    expect((await w.read(ordercode)).state).toBe('paid')
    expect(w.calls.at(-1)).toContain('/pay/orderquery')
  })

  it('leaves an unpaid order unpaid when a thief of the old key forges it', async () => {
    const w = world()
    const ordercode = await w.order('thief')
    await w.pay(ordercode, w.wechat.payer.newOpenid())
    const forged = w.wechat.notices.ofPayments.xml(ordercode, { key: NEW })
    const answer = await w.notifyWith({ WX_API_KEY: OLD, WX_API_KEY_OLD: NEW }, forged)
    expect(answer.status).toBe(400)
    expect((await w.read(ordercode)).state).toBe('paying')
    expect((await w.notify(forged)).status).toBe(400)
  })
})
