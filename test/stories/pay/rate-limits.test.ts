import { describe, expect, it } from 'vitest'
import { world } from '../../../testing/world.ts'

describe('the rate limits', () => {
  const limiter = (limit: number) => {
    const seen = new Map<string, number>()
    return {
      limit: ({ key }: { key: string }) => {
        seen.set(key, (seen.get(key) ?? 0) + 1)
        return Promise.resolve({ success: (seen.get(key) ?? 0) <= limit })
      },
    }
  }

  it('apply to one payer and to one address, and never to notices', async () => {
    const w = world({ limits: { payer: limiter(2), address: limiter(5) } })
    const ordercode = await w.order('limited')
    const openid = w.wechat.payer.newOpenid()
    const statuses: number[] = []
    for (let times = 0; times < 6; times++) statuses.push((await w.pay(ordercode, openid)).status)
    expect(statuses).toEqual([200, 200, 429, 429, 429, 429])
    const stopped = await w.pay(ordercode, w.wechat.payer.newOpenid())
    expect(stopped.status).toBe(429)
    expect(stopped.headers.get('retry-after')).not.toBeNull()

    w.wechat.payer.pay(ordercode)
    const notice = w.wechat.notices.ofPayments.xml(ordercode)
    for (let times = 0; times < 20; times++) expect((await w.notify(notice)).status).toBe(200)
  })
})
