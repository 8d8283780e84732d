/** Operators beside the shop: who may act, and who did it. */
import { describe, expect, it } from 'vitest'
import { sha256Hex } from '../../src/lib/text.ts'
import { compact, DAY, paid, reconciled, runNow } from '../../testing/bill-days.ts'
import { paidOrder, paidTwice, pass } from '../../testing/refund-stories.ts'
import { TOKEN, world, type World, type WorldOptions } from '../../testing/world.ts'

const LI = 'op_token-of-li-wei-0123456789abcdefghijklmn'
const ZHANG = 'op_token-of-zhang-0123456789abcdefghijklmno'

const operators = async (people: Record<string, readonly [token: string, role: string]>) =>
  JSON.stringify(
    Object.fromEntries(
      await Promise.all(
        Object.entries(people).map(async ([name, [token, role]]) => [
          name,
          { token_sha256: await sha256Hex(token), role },
        ]),
      ),
    ),
  )
const BOTH = await operators({ 'li.wei': [LI, 'operator'], zhang: [ZHANG, 'viewer'] })
const staffed = (options: WorldOptions = {}): World =>
  world({ ...options, vars: { OPERATORS: BOTH, ...options.vars } })

const send = (w: World, token: string, method: string, path: string, body?: unknown) =>
  w.shop(method, path, body, { authorization: `Bearer ${token}` })

type Event = { type: string; actor: string; out_trade_no?: string; out_refund_no?: string }
/** The events of an order with their actors, as `type actor`, oldest first. */
async function story(w: World, ordercode: string): Promise<string[]> {
  const answer = await w.shop('GET', `/orders/${ordercode}/events`)
  const { events } = await answer.json<{ events: Event[] }>()
  return events.map(({ type, actor }) => `${type} ${actor}`)
}

type Review = { id: string; kind: string; actor: string; resolved_at: string | null }
const reviewsOf = async (w: World): Promise<Review[]> =>
  (await (await w.shop('GET', '/reviews')).json<{ reviews: Review[] }>()).reviews
async function reviewOf(w: World, kind: string): Promise<Review> {
  const found = (await reviewsOf(w)).find((review) => review.kind === kind)
  return found ?? expect.fail(`no review ${kind}`)
}
const actorsOfRefunds = async (w: World, ordercode: string): Promise<Record<string, string>> => {
  const { refunds } = await w.read(ordercode)
  return Object.fromEntries(refunds.map(({ out_refund_no, actor }) => [out_refund_no, actor]))
}

describe('the token of an operator', () => {
  it('is valid beside that of the shop, and invalid at once when the name is removed', async () => {
    const w = staffed({ vars: { MERCHANT_TOKEN_OLD: 'old-merchant-token-of-the-tests-012345' } })
    const ordercode = await w.order('signed-in')
    const status = async (where: World, token: string): Promise<number> =>
      (await send(where, token, 'POST', `/orders/${ordercode}/query`)).status

    expect(await status(w, LI)).toBe(200)
    expect(await status(w, ZHANG)).toBe(403)
    expect(await status(w, TOKEN)).toBe(200)
    expect(await status(w, 'old-merchant-token-of-the-tests-012345')).toBe(200)

    const without = staffed({
      vars: { OPERATORS: await operators({ zhang: [ZHANG, 'operator'] }) },
    })
    expect(await status(without, LI)).toBe(401)
    expect(await status(without, ZHANG)).toBe(200)
    expect(await status(world(), ZHANG)).toBe(401)
  })

  it('is refused while OPERATORS is malformed; the shop goes on, and /health names the variable', async () => {
    const malformed = BOTH.replace('"viewer"', '"reader"')
    const w = staffed({ vars: { OPERATORS: malformed } })
    const ordercode = await w.order('malformed')

    expect((await send(w, LI, 'GET', `/orders/${ordercode}`)).status).toBe(401)
    expect((await w.shop('GET', `/orders/${ordercode}`)).status).toBe(200)
    await w.cron()
    const health = await (await w.fetch('/health')).json<{ components: unknown }>()
    expect(health.components).toEqual([
      {
        name: 'operators',
        status: 'degraded',
        reason: 'misconfigured',
        variables: ['OPERATORS'],
      },
    ])
    expect(JSON.stringify(health)).not.toMatch(/li\.wei|zhang/)
  })
})

describe('a token that is refused', () => {
  const refused = (w: World) => w.log.filter(({ event }) => event === 'token_refused')

  it('is logged with path, method and address, and without the token', async () => {
    const w = staffed()
    const headers = { 'cf-connecting-ip': '203.0.113.7', authorization: `Bearer ${LI}x` }
    const answer = await w.fetch('/orders/abcdef?cursor=private', { method: 'PUT', headers })

    expect(answer.status).toBe(401)
    expect(refused(w)).toEqual([
      {
        event: 'token_refused',
        method: 'PUT',
        path: '/orders/abcdef',
        address: '203.0.113.7',
        count: 1,
      },
    ])
    expect(JSON.stringify(w.log)).not.toMatch(/op_|private/)
  })

  it('is logged once in ten seconds at most, with the number of all since the last time', async () => {
    const w = staffed()
    const wrong = () => send(w, 'a-token-of-somebody-else', 'GET', '/orders')
    for (let times = 0; times < 50; times++) await wrong()
    w.advance(9)
    await wrong()
    expect(refused(w)).toHaveLength(1)
    w.advance(1)
    await wrong()
    expect(refused(w).map(({ count }) => count)).toEqual([1, 51])
  })

  it('is not a request without a token, nor one with a right token', async () => {
    const w = staffed()
    await w.fetch('/orders')
    await send(w, ZHANG, 'POST', '/orders/abcdef/close')
    await send(w, LI, 'GET', '/orders')
    expect(refused(w)).toEqual([])
  })
})

describe('the actor of an event', () => {
  it('is the shop, the payer, WeChat, the cron, or the operator by name', async () => {
    const w = staffed()
    const ordercode = await w.order('everyone')
    const terms = { total_fee: 9_900, body: '测试商店-图书' }
    await w.shop('PUT', `/orders/${ordercode}`, terms)
    await w.pay(ordercode, w.wechat.payer.newOpenid())
    await w.pay(ordercode, w.wechat.payer.newOpenid())
    w.wechat.payer.pay(`${ordercode}*2`)
    await w.deliverNotices()
    await send(w, LI, 'PUT', `/orders/${ordercode}/refunds/R1`, { refund_fee: 900 })
    await pass(w, 10, { notices: false })

    expect(await story(w, ordercode)).toEqual([
      'order_registered shop',
      'order_changed shop',
      'attempt_opened payer',
      'attempt_closing payer',
      'attempt_closed payer',
      'attempt_opened payer',
      'payment_booked wechat',
      'refund_requested li.wei',
      'refund_accepted li.wei',
      'refund_succeeded system',
    ])
  })

  it('is the one whose request or run found the payment', async () => {
    const w = staffed()
    const finders: Record<string, (ordercode: string, ticket: string) => Promise<unknown>> = {
      payer: (_, ticket) => w.fetch(`/result?ticket=${ticket}`),
      system: () => w.cron(),
      shop: (ordercode) => w.shop('POST', `/orders/${ordercode}/query`),
      'li.wei': (ordercode) => send(w, LI, 'POST', `/orders/${ordercode}/query`),
      wechat: () => w.deliverNotices(),
    }
    for (const [actor, find] of Object.entries(finders)) {
      const ordercode = await w.order(`found-${actor.replace('.', '')}`)
      const answer = await w.pay(ordercode, w.wechat.payer.newOpenid())
      const { ticket } = await answer.json<{ ticket: string }>()
      w.wechat.payer.pay(ordercode)
      w.advance(60)
      await find(ordercode, ticket)
      expect(await story(w, ordercode)).toContain(`payment_booked ${actor}`)
      await w.deliverNotices()
    }
  })

  it('is the one who closed the order: shop and operator by request, the cron at its expiry', async () => {
    const w = staffed()
    const closers: Record<string, (ordercode: string) => Promise<unknown>> = {
      shop: (ordercode) => w.shop('POST', `/orders/${ordercode}/close`),
      'li.wei': (ordercode) => send(w, LI, 'POST', `/orders/${ordercode}/close`),
      system: async () => {
        w.advance(2 * 3_600)
        await w.cron()
      },
    }
    for (const [actor, close] of Object.entries(closers)) {
      const ordercode = await w.order(`closed-${actor.replace('.', '')}`)
      await w.pay(ordercode, w.wechat.payer.newOpenid())
      await close(ordercode)
      // The last event also says how the attempt ended. At the expiry no payer is at the cashier any more, from
      // whom the attempt would have to be kept while it is closed.
      expect(await story(w, ordercode)).toEqual([
        'order_registered shop',
        'attempt_opened payer',
        ...(actor === 'system' ? [] : [`attempt_closing ${actor}`]),
        `order_closed ${actor}`,
      ])
    }
  })

  it('is also stored where no request answers with it: nothing in the tables lacks an actor', async () => {
    const w = staffed()
    const { ordercode } = await paidTwice(w, 'complete')
    await w.deliverNotices()
    await pass(w, 3)
    expect(await story(w, ordercode)).toContain('second_payment_recorded wechat')
    for (const table of ['events', 'refunds', 'reviews']) {
      const { results } = await w.db
        .prepare(`SELECT count(*) AS rows, count(actor) AS actors FROM ${table}`)
        .all<{ rows: number; actors: number }>()
      const [counts] = results
      expect(counts?.rows, table).toBeGreaterThan(0)
      expect(counts?.actors, table).toBe(counts?.rows)
    }
  })
})

describe('the actor of a refund', () => {
  it('is who requested it, whoever learns later what came of it', async () => {
    const w = staffed()
    const { ordercode } = await paidOrder(w, 'refunds')
    const put = (token: string, number: string) =>
      send(w, token, 'PUT', `/orders/${ordercode}/refunds/${number}`, { refund_fee: 100 })
    const first = await put(TOKEN, 'by-shop')
    w.advance(60)
    const second = await put(LI, 'by-operator')
    expect([await first.json(), await second.json()]).toMatchObject([
      { actor: 'shop', source: 'shop', state: 'processing' },
      { actor: 'li.wei', source: 'shop', state: 'processing' },
    ])
    // The same request again, by another person, is still the refund of the first.
    expect(await (await put(TOKEN, 'by-operator')).json()).toMatchObject({ actor: 'li.wei' })
    w.advance(60)
    const byHand = { refundFee: 300, outRefundNo: 'by-hand' }
    expect(w.wechat.platform.refund(ordercode, byHand)).toMatchObject({ ok: true })
    expect((await send(w, LI, 'POST', `/orders/${ordercode}/query`)).status).toBe(200)
    await pass(w, 10)

    expect(await actorsOfRefunds(w, ordercode)).toEqual({
      'by-shop': 'shop',
      'by-operator': 'li.wei',
      'by-hand': 'wechat',
    })
    expect(await story(w, ordercode)).toContain('refund_discovered li.wei')
    const told = w.receiver.received.filter(({ type }) => type === 'refund.succeeded')
    expect(
      Object.fromEntries(told.map(({ data }) => [data['out_refund_no'], data['actor']])),
    ).toEqual({ 'by-shop': 'shop', 'by-operator': 'li.wei', 'by-hand': 'wechat' })
  })

  it('is system for an automatic one, in the answer that made it too', async () => {
    const w = staffed()
    const { ordercode, transactions } = await paidTwice(w, 'automatic')
    await w.deliverNotices()
    await pass(w, 3)

    expect(await actorsOfRefunds(w, ordercode)).toEqual({ [`auto*${transactions[1]}`]: 'system' })

    const late = staffed({ vars: { LATE_PAYMENT: 'refund', WX_CERT: 'bound' } })
    const closed = await late.order('late')
    await late.pay(closed, late.wechat.payer.newOpenid())
    await late.shop('POST', `/orders/${closed}/close`)
    late.wechat.payer.pay(closed, { despiteClose: true })
    const answer = await send(late, LI, 'POST', `/orders/${closed}/query`)
    expect(await answer.json()).toMatchObject({
      refunds: [{ source: 'automatic', actor: 'system' }],
    })
    expect((await story(late, closed)).at(-1)).toMatch(/ li\.wei$/)
  })
})

describe('the actor of a review', () => {
  it('is who opened it, and then the operator who resolves it', async () => {
    const w = staffed()
    const ordercode = await w.order('review')
    await w.pay(ordercode, w.wechat.payer.newOpenid())
    w.wechat.payer.pay(ordercode)
    await w.notify(w.wechat.notices.ofPayments.xml(ordercode, { changes: { total_fee: '1' } }))
    await w.settled()
    const review = await reviewOf(w, 'amount_mismatch')
    expect(review.actor).toBe('wechat')
    expect(w.receiver.received).toMatchObject([
      { type: 'review.opened', data: { actor: 'wechat' } },
    ])

    const note = { note: 'asked WeChat: a test' }
    const resolved = await send(w, LI, 'POST', `/reviews/${review.id}/resolve`, note)

    expect(await resolved.json()).toMatchObject({ actor: 'li.wei', ...note })
    expect((await reviewOf(w, 'amount_mismatch')).actor).toBe('li.wei')
    expect((await w.read(ordercode)).reviews).toMatchObject([{ actor: 'li.wei' }])
    // A repetition by another person is answered with what the first has decided.
    const again = await w.shop('POST', `/reviews/${review.id}/resolve`, note)
    expect(await again.json()).toMatchObject({ actor: 'li.wei' })
  })

  it('is who opened it, together with the change that makes it necessary', async () => {
    const openers: Record<string, (w: World, ordercode: string) => Promise<unknown>> = {
      wechat: (w) => w.deliverNotices(),
      'li.wei': (w, ordercode) => send(w, LI, 'POST', `/orders/${ordercode}/query`),
      system: async (w) => {
        w.advance(600)
        await w.cron()
      },
    }
    for (const [actor, find] of Object.entries(openers)) {
      const w = staffed()
      const ordercode = await w.order(`late-${actor.replace('.', '')}`)
      await w.pay(ordercode, w.wechat.payer.newOpenid())
      await w.shop('POST', `/orders/${ordercode}/close`)
      w.wechat.payer.pay(ordercode, { despiteClose: true })
      await find(w, ordercode)
      expect((await w.read(ordercode)).reviews).toMatchObject([{ kind: 'late_payment', actor }])
    }
  })

  it('about a bill is system when it is resolved automatically', async () => {
    const w = staffed()
    await paid(w, 'in-the-bill')
    const { transactionId } = await paid(w, 'cleared')
    w.wechat.bills.change(compact(DAY), { kind: 'drop_row', number: transactionId })
    await reconciled(w)
    expect(await reviewOf(w, 'bill_difference')).toMatchObject({
      actor: 'system',
      resolved_at: null,
    })
    w.wechat.bills.clearChanges(compact(DAY))

    await runNow(w)

    const review = await reviewOf(w, 'bill_difference')
    expect(review).toMatchObject({ actor: 'system', resolved_at: expect.any(String) })
  })
})
