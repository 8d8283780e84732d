import { describe, expect, it } from 'vitest'
import { world, type RefundJson } from '../world.ts'

async function paid(w: ReturnType<typeof world>, name: string, totalFee = 8_800) {
  const ordercode = await w.order(name, { total_fee: totalFee })
  await w.pay(ordercode, w.wechat.newOpenid())
  const result = w.wechat.pay(ordercode)
  if (!result.ok) throw new Error(result.why)
  await w.deliverNotices()
  await w.settled()
  return ordercode
}

describe('a refund', () => {
  it('is accepted, then succeeds, and the shop is told', async () => {
    const w = world()
    const ordercode = await paid(w, 'whole')
    const put = () => w.shop('PUT', `/orders/${ordercode}/refunds/R1`, { refund_fee: 800 })
    const first = await put()
    expect(first.status).toBe(201)
    expect(await first.json<RefundJson>()).toMatchObject({ state: 'processing', refund_fee: 800 })
    expect((await put()).status).toBe(200)
    w.advance(600)
    await w.deliverNotices()
    await w.settled()
    const order = await w.read(ordercode)
    expect(order.refunds[0]).toMatchObject({ state: 'succeeded' })
    expect(order.refunded_fee).toBe(800)
    expect(w.receiver.types()).toEqual(['order.paid', 'refund.succeeded'])
    expect(await w.history(ordercode)).toEqual([
      'order_registered',
      'attempt_opened',
      'payment_booked',
      'refund_requested',
      'refund_accepted',
      'refund_succeeded',
    ])
  })

  it('of ten clients at once is never more than was paid', async () => {
    const w = world()
    const ordercode = await paid(w, 'race', 1_000)
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, n) =>
        w.shop('PUT', `/orders/${ordercode}/refunds/race-${n}`, { refund_fee: 300 }),
      ),
    )
    const statuses = answers.map(({ status }) => status).sort()
    expect(statuses).toEqual([201, 201, 201, 409, 409, 409, 409, 409, 409, 409])
    for (let minute = 0; minute < 10; minute++) {
      w.advance(61)
      await w.cron()
      await w.deliverNotices()
    }
    const order = await w.read(ordercode)
    expect(order.refunds.map(({ state }) => state)).toEqual(['succeeded', 'succeeded', 'succeeded'])
    expect(order.refunded_fee).toBe(900)
    const last = await w.shop('PUT', `/orders/${ordercode}/refunds/last`, { refund_fee: 100 })
    expect(last.status).toBe(201)
    const more = await w.shop('PUT', `/orders/${ordercode}/refunds/more`, { refund_fee: 1 })
    expect(more.status).toBe(409)
    expect(await more.json()).toMatchObject({ code: 'refund_exceeds_payment', left: 0 })
  })
})

describe('a bill', () => {
  it('agrees with the books, and says so once', async () => {
    const w = world()
    const ordercode = await paid(w, 'billed')
    w.advance(86_400)
    await w.cron()
    await w.settled()
    const day = '2026-11-23'
    const report = await w.shop('GET', `/bills/${day}`)
    expect(await report.json()).toMatchObject({ state: 'reconciled', difference_count: 0 })

    expect(report.status).toBe(200)
    expect(ordercode).toBeTruthy()
  })
})
