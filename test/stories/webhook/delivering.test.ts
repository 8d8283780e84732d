import { env } from 'cloudflare:workers'
import { Webhook } from 'standardwebhooks'
import { describe, expect, it, vi } from 'vitest'
import { watchDatabase } from '../../../testing/d1/watched-database.ts'
import { SHOP, WEBHOOK_SECRET, world, type World } from '../../../testing/world.ts'

const answer = (status: number) => () => Promise.resolve(new Response(null, { status }))

const noAnswer = () => Promise.reject(new TypeError('Network connection lost.'))

async function paid(w: World, name: string): Promise<string> {
  const ordercode = await w.order(name)
  await w.pay(ordercode, w.wechat.payer.newOpenid())
  w.wechat.payer.pay(ordercode)
  await w.deliverNotices()
  await w.settled()
  return ordercode
}

const deliveriesOf = async (w: World) =>
  (await (await w.shop('GET', '/deliveries')).json<{ deliveries: Delivery[] }>()).deliveries

type Delivery = {
  id: string
  type: string
  state: string
  tries: number
  last_status: number | null
  history: {
    at: string
    ms: number | null
    status: number | null
    error: string | null
    answer: string | null
  }[]
  ordercode: string
}

describe('the shop receives a webhook', () => {
  it('about a paid order immediately, with the whole order', async () => {
    const w = world()
    const ordercode = await paid(w, 'notified')
    const order = await w.read(ordercode)

    expect(w.receiver.received).toHaveLength(1)
    const [webhook] = w.receiver.received
    expect(webhook).toMatchObject({
      id: `order.paid.${order.transaction_id}`,
      type: 'order.paid',
      data: { ordercode, state: 'paid', total_fee: 8_800, revision: order.revision },
    })
    expect(webhook?.data).toEqual(order)
    expect(await deliveriesOf(w)).toMatchObject([{ state: 'delivered', tries: 1 }])
  })

  it('that the library of Standard Webhooks accepts', async () => {
    const w = world()
    await paid(w, 'verified')
    const [webhook] = w.receiver.received
    if (webhook === undefined) throw new Error('no webhook')
    vi.useFakeTimers({ now: w.now(), toFake: ['Date'] })
    const verify = (secret: string, body = webhook.body): unknown =>
      new Webhook(secret).verify(body, Object.fromEntries(webhook.headers))
    try {
      expect(verify(WEBHOOK_SECRET)).toMatchObject({ type: 'order.paid' })
      expect(() => verify('whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA')).toThrow()
      expect(() => verify(WEBHOOK_SECRET, webhook.body.replace('8800', '1'))).toThrow()
    } finally {
      vi.useRealTimers()
    }
  })

  it('with two signatures while the secret is being changed', async () => {
    const old = 'whsec_b2xkLXNlY3JldC1vZi10aGUtc2hvcC0wMTIz'
    const w = world({ vars: { WEBHOOK_SECRET_OLD: old } })
    await paid(w, 'rotation')
    const [webhook] = w.receiver.received
    if (webhook === undefined) throw new Error('no webhook')
    vi.useFakeTimers({ now: w.now(), toFake: ['Date'] })
    try {
      for (const secret of [WEBHOOK_SECRET, old]) {
        const headers = Object.fromEntries(webhook.headers)
        expect(new Webhook(secret).verify(webhook.body, headers)).toBeDefined()
      }
    } finally {
      vi.useRealTimers()
    }
  })

  it('about a closed order', async () => {
    const w = world()
    const ordercode = await w.order('closed')
    await w.shop('POST', `/orders/${ordercode}/close`)
    await w.settled()
    expect(w.receiver.received).toMatchObject([
      { id: `order.closed.${ordercode}`, type: 'order.closed', data: { state: 'closed' } },
    ])
  })

  it('about a close with the revision of the close, even when the order was paid before the webhook was sent', async () => {
    const w = world()
    const ordercode = await w.order('overtaken')
    await w.pay(ordercode, w.wechat.payer.newOpenid())
    w.receiver.answerWith(noAnswer)
    await w.shop('POST', `/orders/${ordercode}/close`)
    await env.DB.prepare('UPDATE deliveries SET body = NULL').run()
    w.wechat.payer.pay(ordercode, { despiteClose: true })
    await w.deliverNotices()
    w.advance(60)
    await w.cron()
    await w.settled()

    const last = new Map(w.receiver.received.map((each) => [each.type, each.data]))
    expect(last.get('order.closed')).toMatchObject({ state: 'closed', transaction_id: null })
    expect(last.get('order.paid')).toMatchObject({ state: 'paid' })
    expect(Number(last.get('order.closed')?.['revision'])).toBeLessThan(
      Number(last.get('order.paid')?.['revision']),
    )
  })

  it('once after twenty concurrent notices', async () => {
    const w = world()
    const ordercode = await w.order('twenty')
    await w.pay(ordercode, w.wechat.payer.newOpenid())
    w.wechat.payer.pay(ordercode)
    const notice = w.wechat.notices.ofPayments.xml(ordercode)
    await Promise.all(Array.from({ length: 20 }, () => w.notify(notice)))
    await w.settled()
    expect(w.receiver.types()).toEqual(['order.paid'])
  })
})

describe('a webhook that the shop does not accept', () => {
  it('is tried again after 1, 5, 30 minutes, 2, 5, 10, 14, 20, 24 hours, with the same id and body', async () => {
    const w = world()
    w.receiver.answerAlways(answer(500))
    await paid(w, 'schedule')
    const tries = () => w.receiver.received.filter(({ type }) => type === 'order.paid')
    const pauses = [1, 5, 30, 120, 300, 600, 840, 1_200, 1_440]
    for (const [index, minutes] of pauses.entries()) {
      w.advance(minutes * 60 - 1)
      await w.cron()
      expect(tries()).toHaveLength(index + 1)
      w.advance(1)
      await w.cron()
      expect(tries()).toHaveLength(index + 2)
    }

    expect(new Set(tries().map(({ id }) => id)).size).toBe(1)
    expect(new Set(tries().map(({ body }) => body)).size).toBe(1)
    const delivery = (await deliveriesOf(w)).find(({ type }) => type === 'order.paid')
    expect(delivery).toMatchObject({ state: 'given_up', tries: 10, last_status: 500 })
  })

  it('says what came of each try, and keeps neither its body nor the answers once it is delivered', async () => {
    const w = world()
    w.receiver.answerAlways(() => Promise.resolve(new Response('out of stock', { status: 500 })))
    const ordercode = await paid(w, 'history')
    const id = `order.paid.${(await w.read(ordercode)).transaction_id}`
    w.receiver.answerAlways(noAnswer)
    w.advance(60)
    await w.cron()
    const told = async () =>
      (await deliveriesOf(w))
        .find((each) => each.id === id)
        ?.history.map(({ ms, status, error, answer }) => ({ ms, status, error, answer }))
    const [first, second] = [
      { ms: 0, status: 500, error: 'status', answer: 'out of stock' },
      { ms: 0, status: null, error: 'no_answer', answer: 'TypeError: Network connection lost.' },
    ]
    expect(await told()).toEqual([first, second])

    w.receiver.answerAlways(answer(204))
    w.advance(300)
    await w.cron()

    const last = { ms: 0, status: 204, error: null, answer: null }
    expect(await told()).toEqual([{ ...first, answer: null }, { ...second, answer: null }, last])
    expect((await w.worker().deliveries.find(id))?.body).toBeUndefined()
  })

  it('is given up after ten tries with a review and no further webhook, and can be resent', async () => {
    const w = world()
    let isDown = true
    w.receiver.answerAlways(() => (isDown ? answer(500)() : answer(204)()))
    const ordercode = await paid(w, 'givenup')
    for (let day = 0; day < 10; day++) {
      w.advance(86_400)
      for (let minute = 0; minute < 3; minute++) await w.cron()
    }
    expect(await w.read(ordercode)).toMatchObject({ reviews: [{ kind: 'webhook_given_up' }] })
    expect((await deliveriesOf(w)).filter(({ type }) => type === 'review.opened')).toEqual([])
    expect(w.receiver.types().filter((type) => type === 'order.paid')).toHaveLength(10)
    isDown = false

    const delivery = (await deliveriesOf(w)).find(({ type }) => type === 'order.paid')
    const resent = await w.shop('POST', `/deliveries/${delivery?.id}/resend`)
    expect(resent.status).toBe(200)
    expect(await resent.json()).toMatchObject({ state: 'delivered', tries: 11 })
    expect(w.receiver.received.at(-1)?.id).toBe(delivery?.id)
  })

  it('keeps no body once it is delivered, and is rendered anew when it is sent again', async () => {
    const w = world()
    const ordercode = await paid(w, 'anew')
    const { transaction_id, revision } = await w.read(ordercode)
    const id = `order.paid.${transaction_id}`
    expect((await w.worker().deliveries.find(id))?.body).toBeUndefined()
    const refund = { refund_fee: 100 }
    await w.shop('PUT', `/orders/${ordercode}/refunds/R-anew`, refund)
    const now = await w.read(ordercode)
    expect(now.revision).toBeGreaterThan(revision)

    await w.shop('POST', `/deliveries/${id}/resend`)
    const again = w.receiver.received.filter((each) => each.id === id).at(-1)
    expect(again?.data).toMatchObject({ revision: now.revision, refunds: [{ refund_fee: 100 }] })
    expect((await w.worker().deliveries.find(id))?.body).toBeUndefined()
  })

  it('opens a review each time that it is given up, also when it is resent and given up again', async () => {
    const w = world({ vars: { TICK_CALLS: '1000', TICK_STATEMENTS: '10000' } })
    w.receiver.answerAlways(answer(500))
    const ordercode = await paid(w, 'twice')
    const deliveryId = `order.paid.${(await w.read(ordercode)).transaction_id}`
    const first = `webhook_given_up.${deliveryId}`
    const untilGivenUp = async () => {
      for (let day = 0; day < 10; day++) {
        w.advance(86_400) // no pause between two tries is longer
        await w.cron()
      }
    }
    const givenUp = async (query: string) => {
      const list = await w.shop('GET', `/reviews?limit=100&open=${query}`)
      const { reviews } = await list.json<{ reviews: { id: string }[] }>()
      return reviews.map(({ id }) => id).filter((id) => id.startsWith(first))
    }
    const note = { note: 'the receiver was down' }

    await untilGivenUp()
    expect(await givenUp('true')).toEqual([first])
    const resolved = await (await w.shop('POST', `/reviews/${first}/resolve`, note)).json()
    await w.shop('POST', `/deliveries/${deliveryId}/resend`)
    expect(await givenUp('true')).toEqual([])
    await untilGivenUp()
    expect(await givenUp('true')).toEqual([`${first}.2`])
    // Given up a third time while that review is open.
    await w.shop('POST', `/deliveries/${deliveryId}/resend`)
    await untilGivenUp()

    expect(await givenUp('')).toEqual([`${first}.2`, first])
    expect((await w.read(ordercode)).reviews.map(({ id }) => id)).toEqual([first, `${first}.2`])
    const repeated = await w.shop('POST', `/reviews/${first}/resolve`, note)
    expect(repeated.status).toBe(200)
    expect(await repeated.json()).toEqual(resolved)
    expect(await givenUp('true')).toEqual([`${first}.2`])
    // A webhook about a webhook would fail, too.
    expect((await deliveriesOf(w)).filter(({ type }) => type === 'review.opened')).toEqual([])
  })

  it('stays pending after a redirect, a stall, a lost connection or a 404', async () => {
    const w = world()
    const endless = () =>
      Promise.resolve(
        new Response(new ReadableStream({ pull: (c) => c.enqueue(new Uint8Array(4096)) })),
      )
    const kinds: [string, () => Promise<Response>][] = [
      ['redirect', () => Promise.resolve(Response.redirect(`${SHOP}/elsewhere`, 302))],
      ['stall', () => new Promise(() => {})],
      ['drop', noAnswer],
      ['notfound', answer(404)],
    ]
    for (const [name, reply] of kinds) {
      w.receiver.answerWith(reply)
      const ordercode = await paid(w, name)
      const delivery = (await deliveriesOf(w)).find((each) => each.ordercode === ordercode)
      expect(`${name} ${delivery?.state}`).toBe(`${name} pending`)
    }
    w.receiver.answerWith(endless)
    const ordercode = await paid(w, 'endless')
    const delivery = (await deliveriesOf(w)).find((each) => each.ordercode === ordercode)
    expect(delivery?.state).toBe('delivered') // its status is 200, and its endless body is not read
  })

  it('does not starve the queries to WeChat', async () => {
    const w = world({ vars: { TICK_CALLS: '20', TICK_STATEMENTS: '1000' } })
    w.receiver.answerWith(...Array.from({ length: 500 }, () => noAnswer))
    for (let index = 0; index < 30; index++) await paid(w, `dead-${index}`)
    const ordercode = await w.order('waiting')
    await w.pay(ordercode, w.wechat.payer.newOpenid())
    w.wechat.payer.pay(ordercode)
    w.advance(60)
    await w.cron()
    expect((await w.read(ordercode)).state).toBe('paid')
  })

  it('is sent by the cron when the first try failed with its Worker', async () => {
    const watched = watchDatabase(env.DB)
    const w = world({ wrapDb: () => watched.db })
    const ordercode = await w.order('crash')
    await w.pay(ordercode, w.wechat.payer.newOpenid())
    w.wechat.payer.pay(ordercode)
    watched.fail('before_commit', { matching: /SELECT \* FROM deliveries WHERE id/, times: 3 })
    await w.deliverNotices()
    await w.settled()
    expect(w.receiver.received).toEqual([])

    w.advance(60)
    await w.cron()
    expect(w.receiver.types()).toEqual(['order.paid'])
  })

  it('is stored without a try and without a review when there is no target', async () => {
    const w = world({ vars: { WEBHOOK_URL: '' } })
    await paid(w, 'notarget')
    w.advance(86_400)
    await w.cron()
    const [delivery] = (await deliveriesOf(w)).filter(({ type }) => type === 'order.paid')
    expect(delivery).toMatchObject({ state: 'no_target', tries: 0 })
    const resent = await w.shop('POST', `/deliveries/${delivery?.id}/resend`)
    expect(resent.status).toBe(409)
  })

  it('is not tried any more, without a review, when the target is removed', async () => {
    const w = world()
    w.receiver.answerWith(() => Promise.reject(new TypeError('Network connection lost.')))
    const ordercode = await paid(w, 'untarget')
    const without = world({ vars: { WEBHOOK_URL: '' } })
    for (let day = 0; day < 12; day++) {
      without.advance(86_400)
      await without.cron()
    }
    expect(w.receiver.received).toHaveLength(1)
    // The other Worker downloads the bill of another simulated WeChat, which does not have the payment.
    const { reviews } = await w.read(ordercode)
    expect(reviews.filter(({ kind }) => kind !== 'bill_difference')).toEqual([])
  })
})

describe('a payment that was refunded before we recorded it', () => {
  it('leaves the order as it is and sends payment.returned, so that nothing is shipped', async () => {
    const w = world()
    const ordercode = await w.order('returned')
    await w.pay(ordercode, w.wechat.payer.newOpenid())
    w.wechat.payer.pay(ordercode)
    w.wechat.notices.ofPayments.loseNext()
    w.wechat.platform.refund(ordercode, { refundFee: 8_800 })
    w.advance(60)
    await w.cron()
    expect(await w.read(ordercode)).toMatchObject({ state: 'paying', transaction_id: null })
    expect(w.receiver.types()).toEqual(['payment.returned'])
    await w.notify(w.wechat.notices.ofPayments.xml(ordercode))
    await w.settled()
    expect(w.receiver.types()).toEqual(['payment.returned'])
  })
})
