import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { world } from '../../testing/world.ts'

describe('old runs and delivered webhooks', () => {
  it('are deleted after ninety days, many in each run of the cron', async () => {
    const w = world()
    const ordercode = await w.order('old')
    await w.pay(ordercode, w.wechat.payer.newOpenid())
    w.wechat.payer.pay(ordercode)
    await w.deliverNotices()
    await w.settled()
    await w.cron()
    w.advance(91 * 86_400)
    for (let run = 0; run < 10; run++) await w.cron()

    const { deliveries } = await (
      await w.shop('GET', '/deliveries')
    ).json<{
      deliveries: { type: string }[]
    }>()
    expect(deliveries.filter(({ type }) => type !== 'bill.reconciled')).toEqual([])
    const oldest = await env.DB.prepare('SELECT min(started_at) AS at FROM runs').first<{
      at: number
    }>()
    expect(oldest?.at).toBeGreaterThan(w.now() / 1_000 - 90 * 86_400)
    expect((await w.read(ordercode)).state).toBe('paid')
  })
})
