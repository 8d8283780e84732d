import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { watchDatabase } from '../../../testing/d1/watched-database.ts'
import { world, type World } from '../../../testing/world.ts'

async function paying(w: World, name: string, terms: Record<string, unknown> = {}) {
  const ordercode = await w.order(name, terms)
  expect((await w.pay(ordercode, w.wechat.payer.newOpenid())).status).toBe(200)
  return ordercode
}

describe('an order that expires', () => {
  it('is closed at WeChat first, then in our records', async () => {
    const w = world()
    const ordercode = await paying(w, 'expires')
    w.advance(7_200)
    await w.cron()

    expect(w.wechat.books.order(ordercode)?.tradeState).toBe('CLOSED')
    expect(await w.read(ordercode)).toMatchObject({
      state: 'closed',
      attempts: [{ state: 'closed' }],
    })
    expect(await w.history(ordercode)).toEqual([
      'order_registered',
      'attempt_opened',
      'order_closed',
    ])
  })

  it('is closed without a call to WeChat when it has no attempt', async () => {
    const w = world()
    const ordercode = await w.order('untouched')
    w.advance(7_200)
    await w.cron()
    expect((await w.read(ordercode)).state).toBe('closed')
    expect(w.calls).toEqual([])
  })

  it('is recorded as paid when it was paid in the last second', async () => {
    const w = world()
    const ordercode = await paying(w, 'lastsecond')
    w.advance(7_199)
    w.wechat.payer.pay(ordercode)
    w.advance(10)
    await w.cron()
    expect((await w.read(ordercode)).state).toBe('paid')
  })

  it('stays open while WeChat does not answer, and is closed when it does', async () => {
    const w = world()
    const ordercode = await paying(w, 'unreachable')
    w.advance(7_200)
    w.wechat.faults.inject({ endpoint: 'any', kind: 'http_502', times: 100 })
    await w.cron()
    expect((await w.read(ordercode)).state).toBe('paying')

    w.wechat.faults.clear()
    w.advance(180)
    await w.cron()
    expect((await w.read(ordercode)).state).toBe('closed')
  })

  it('is not closed while WeChat reports USERPAYING', async () => {
    const w = world()
    const ordercode = await paying(w, 'userpaying')
    w.advance(7_200)
    w.wechat.platform.setTradeState(ordercode, 'USERPAYING')
    await w.cron()
    expect((await w.read(ordercode)).state).toBe('paying')
    expect(w.calls).not.toContain('api.mch.weixin.qq.com/pay/closeorder')

    w.wechat.platform.setTradeState(ordercode, 'NOTPAY')
    w.advance(180)
    await w.cron()
    expect((await w.read(ordercode)).state).toBe('closed')
  })

  it('is closed even when its unifiedorder never reached WeChat', async () => {
    const w = world()
    const ordercode = await w.order('neverthere')
    w.wechat.faults.inject({ endpoint: 'unifiedorder', kind: 'request_lost', times: 2 })
    await w.pay(ordercode, w.wechat.payer.newOpenid())
    w.advance(7_200)
    await w.cron()
    expect((await w.read(ordercode)).state).toBe('closed')
  })
})

describe('a close that races a payment', () => {
  it('queries and records the payment when WeChat answers ORDERPAID', async () => {
    const watched = watchDatabase(env.DB)
    const w = world({ wrapDb: () => watched.db })
    const ordercode = await paying(w, 'race')
    w.advance(7_200 - 30)
    // The payer pays between our query, which said NOTPAY, and our closeorder.
    watched.before(/UPDATE attempts SET state = /, async () => void w.wechat.payer.pay(ordercode))
    const answer = await w.shop('POST', `/orders/${ordercode}/close`)

    expect(answer.status).toBe(409)
    expect(await answer.json()).toMatchObject({ code: 'order_paid' })
    expect((await w.read(ordercode)).state).toBe('paid')
  })

  it('leaves the order paid when a notice comes first', async () => {
    const watched = watchDatabase(env.DB)
    const w = world({ wrapDb: () => watched.db })
    const ordercode = await paying(w, 'notice')
    watched.before(/UPDATE attempts SET state = /, async () => {
      w.wechat.payer.pay(ordercode)
      await w.deliverNotices()
    })
    await w.shop('POST', `/orders/${ordercode}/close`)
    expect((await w.read(ordercode)).state).toBe('paid')
    expect(await w.history(ordercode)).not.toContain('order_closed')
  })

  it('closes nothing in our records when the close had no effect at WeChat', async () => {
    const w = world()
    const ordercode = await paying(w, 'noeffect')
    w.wechat.faults.inject({ endpoint: 'closeorder', kind: 'close_without_effect' })

    const answer = await w.shop('POST', `/orders/${ordercode}/close`)
    expect(answer.status).toBe(409)
    expect(await answer.json()).toMatchObject({ code: 'order_busy' })
    expect(await w.read(ordercode)).toMatchObject({
      state: 'paying',
      attempts: [{ state: 'closing' }],
    })

    w.wechat.payer.pay(ordercode)
    await w.deliverNotices()
    expect((await w.read(ordercode)).state).toBe('paid')
  })

  it('is finished by the cron when closeorder never reached WeChat, and the attempt is not signed again', async () => {
    const w = world()
    const ordercode = await w.order('crash')
    const openid = w.wechat.payer.newOpenid()
    await w.pay(ordercode, openid)
    w.wechat.faults.inject({ endpoint: 'closeorder', kind: 'request_lost', times: 2 })
    await w.shop('POST', `/orders/${ordercode}/close`)
    expect((await w.read(ordercode)).attempts).toMatchObject([{ state: 'closing' }])

    w.advance(60)
    await w.cron()
    expect((await w.read(ordercode)).attempts).toMatchObject([{ state: 'closed' }])
    expect((await w.pay(ordercode, openid)).status).toBe(200)
    expect((await w.read(ordercode)).attempts).toMatchObject([
      { state: 'closed' },
      { out_trade_no: `${ordercode}*2`, state: 'open' },
    ])
  })

  it('closes a prepay_id at WeChat that arrives after the order was closed', async () => {
    const watched = watchDatabase(env.DB)
    const w = world({ wrapDb: () => watched.db })
    const ordercode = await w.order('comesback')
    const openid = w.wechat.payer.newOpenid()
    w.wechat.faults.inject({ endpoint: 'unifiedorder', kind: 'request_lost', times: 2 })
    await w.pay(ordercode, openid)
    w.advance(61)
    // The shop closes the order while a second call for the same payer is in flight, which the cron does not see.
    watched.before(/SET answered_at/, async () => {
      await env.DB.batch([
        env.DB.prepare(
          "UPDATE attempts SET state = 'closed', closed_at = 1, due_at = NULL WHERE ordercode = ?",
        ).bind(ordercode),
        env.DB.prepare(
          "UPDATE orders SET state = 'closed', closed_at = 1, due_at = NULL, revision = revision + 1 WHERE ordercode = ?",
        ).bind(ordercode),
      ])
    })
    const answer = await w.pay(ordercode, openid)

    expect(answer.status).toBe(409)
    expect(w.wechat.books.order(ordercode)?.tradeState).toBe('CLOSED')
  })
})

describe('a payment for a closed order', () => {
  it('is recorded, since the money did move, and opens a review', async () => {
    const w = world()
    const ordercode = await paying(w, 'toolate')
    await w.shop('POST', `/orders/${ordercode}/close`)
    w.wechat.payer.pay(ordercode, { despiteClose: true })

    const answer = await w.notify(w.wechat.notices.ofPayments.xml(ordercode))

    expect(answer.status).toBe(200)
    expect(await w.read(ordercode)).toMatchObject({
      state: 'paid',
      reviews: [{ kind: 'late_payment' }],
    })
    await w.settled()
    expect(w.receiver.types().sort()).toEqual(['order.closed', 'order.paid', 'review.opened'])
  })

  it('is looked for by a query ten minutes and one day after the close', async () => {
    const w = world()
    const ordercode = await paying(w, 'lookagain')
    await w.shop('POST', `/orders/${ordercode}/close`)
    const queriedAt: number[] = []
    for (let minute = 10; minute <= 26 * 60; minute += 10) {
      w.advance(10 * 60)
      const queries = () => w.calls.filter((call) => call.endsWith('/orderquery')).length
      const before = queries()
      await w.cron()
      if (queries() > before) queriedAt.push(minute)
    }
    expect(queriedAt).toEqual([10, 24 * 60])
  })
})

describe('LATE_PAYMENT=refund', () => {
  it('requires the merchant certificate', async () => {
    expect(() => world({ vars: { LATE_PAYMENT: 'refund' } })).toThrow('LATE_PAYMENT')
  })

  it('sends payment.returned about a late payment, so that the shop does not ship', async () => {
    const w = world({ vars: { LATE_PAYMENT: 'refund', WX_CERT: 'bound' } })
    const ordercode = await w.order('late')
    await w.pay(ordercode, w.wechat.payer.newOpenid())
    await w.shop('POST', `/orders/${ordercode}/close`)
    w.wechat.payer.pay(ordercode, { despiteClose: true })
    await w.deliverNotices()
    await w.settled()
    expect(w.receiver.types().sort()).toEqual(['order.closed', 'payment.returned', 'review.opened'])
    expect(await w.read(ordercode)).toMatchObject({
      state: 'closed',
      transaction_id: null,
      paid_at: null,
      payments: [{ returned: true }],
    })
  })
})

describe('POST /close', () => {
  it('answers with the closed order, also the second time', async () => {
    const w = world()
    const ordercode = await paying(w, 'shop')
    for (let times = 0; times < 2; times++) {
      const answer = await w.shop('POST', `/orders/${ordercode}/close`)
      expect(answer.status).toBe(200)
      expect(await answer.json()).toMatchObject({ state: 'closed' })
    }
  })

  it('answers order_busy while WeChat does not confirm, and the order stays payable', async () => {
    const w = world()
    const ordercode = await paying(w, 'busy')
    w.wechat.faults.inject({ endpoint: 'orderquery', kind: 'http_500', times: 4 })
    const answer = await w.shop('POST', `/orders/${ordercode}/close`)
    expect(answer.status).toBe(409)
    expect(await answer.json()).toMatchObject({ code: 'order_busy' })
    expect((await w.read(ordercode)).state).toBe('paying')
  })
})
