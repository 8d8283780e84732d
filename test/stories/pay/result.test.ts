import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { toUnixSeconds } from '../../../src/core/time.ts'
import { issueTicket, readTicket, ticketKey } from '../../../src/service/pay/ticket.ts'
import { watchDatabase } from '../../../testing/d1/watched-database.ts'
import { world, type World } from '../../../testing/world.ts'

type Sheet = { ticket: string }

const result = (w: World, ticket: string) => w.fetch(`/result?ticket=${ticket}`)

const queries = (w: World) => w.calls.filter((call) => call.endsWith('/pay/orderquery')).length

async function atCashier(w: World, name: string) {
  const ordercode = await w.order(name)
  const { ticket } = await (await w.pay(ordercode, w.wechat.payer.newOpenid())).json<Sheet>()
  return { ordercode, ticket }
}

describe('GET /result', () => {
  it('shows a payment without any notice, because it queries WeChat', async () => {
    const w = world()
    const { ordercode, ticket } = await atCashier(w, 'page')
    expect(await (await result(w, ticket)).json()).toEqual({
      ordercode,
      state: 'paying',
      total_fee: 8_800,
      paid_at: null,
    })
    w.wechat.payer.pay(ordercode)
    w.advance(3)
    const answer = await result(w, ticket)
    expect(answer.headers.get('cache-control')).toBe('no-store')
    expect(await answer.json()).toMatchObject({ state: 'paid', paid_at: expect.any(String) })
  })

  it('queries WeChat once for twenty concurrent requests, and again after three seconds', async () => {
    const w = world()
    const { ticket } = await atCashier(w, 'poll')
    await Promise.all(Array.from({ length: 20 }, () => result(w, ticket)))
    expect(queries(w)).toBe(1)
    w.advance(2)
    await result(w, ticket)
    expect(queries(w)).toBe(1)
    w.advance(1)
    await Promise.all([result(w, ticket), result(w, ticket)])
    expect(queries(w)).toBe(2)
  })

  it('does not query WeChat about a paid order', async () => {
    const w = world()
    const { ordercode, ticket } = await atCashier(w, 'paid')
    w.wechat.payer.pay(ordercode)
    await w.deliverNotices()
    await result(w, ticket)
    expect(queries(w)).toBe(0)
  })

  it('shows the stored state while WeChat does not answer', async () => {
    const w = world()
    const { ticket } = await atCashier(w, 'down')
    w.wechat.faults.inject({ endpoint: 'orderquery', kind: 'http_500', times: 2 })
    const answer = await result(w, ticket)
    expect(answer.status).toBe(200)
    expect(await answer.json()).toMatchObject({ state: 'paying' })
  })
})

describe('polling /result', () => {
  async function poll(w: World, ticket: string, times: number, everyS = 0): Promise<void> {
    for (let count = 0; count < times; count++) {
      expect((await result(w, ticket)).status).toBe(200)
      w.advance(everyS)
    }
  }

  /** An order at the cashier, and counters that stand at zero. */
  async function watched(name: string) {
    const database = watchDatabase(env.DB)
    const w = world({ wrapDb: () => database.db })
    const shop = await atCashier(w, name)
    const reset = () => {
      database.reset()
      w.calls.length = 0
    }
    reset()
    return { w, database, reset, ...shop }
  }

  it('a hundred times in 25 seconds queries WeChat nine times, and writes no row', async () => {
    const { w, database, ticket } = await watched('patient')
    for (let second = 0; second < 25; second++) {
      await poll(w, ticket, 4)
      w.advance(1)
    }
    expect(queries(w)).toBe(9)
    expect(w.calls).toHaveLength(9)
    expect(database.roundTrips()).toBe(100)
    expect(database.rowsWritten()).toBe(0)
  })

  it('a hundred times for an order that is closed or paid reads it a hundred times, and nothing more', async () => {
    const closed = await watched('over-closed')
    await closed.w.shop('POST', `/orders/${closed.ordercode}/close`)
    const paid = await watched('over-paid')
    paid.w.wechat.payer.pay(paid.ordercode)
    await paid.w.deliverNotices()
    await paid.w.settled()

    for (const { w, database, reset, ticket } of [closed, paid]) {
      reset()
      await poll(w, ticket, 100, 5)
      expect(w.calls).toEqual([])
      expect(database.roundTrips()).toBe(100)
      expect(database.rowsWritten()).toBe(0)
    }
  })

  it('a hundred times while WeChat has not confirmed the close queries it, every three seconds', async () => {
    const { w, database, reset, ordercode, ticket } = await watched('closing')
    w.wechat.faults.inject({ endpoint: 'closeorder', kind: 'http_500', times: 10 })
    await w.shop('POST', `/orders/${ordercode}/close`)
    expect((await w.read(ordercode)).attempts).toMatchObject([{ state: 'closing' }])
    reset()
    await poll(w, ticket, 100, 1)
    expect(queries(w)).toBe(34)
    expect(w.calls).toHaveLength(34)
    expect(database.rowsWritten()).toBe(0)

    w.wechat.payer.pay(ordercode, { despiteClose: true })
    w.advance(3)
    expect(await (await result(w, ticket)).json()).toMatchObject({ state: 'paid' })
  })

  it('with HEAD shows no body and queries nothing: a checker of links costs one read', async () => {
    const { w, database, ticket } = await watched('head')
    const answer = await w.fetch(`/result?ticket=${ticket}`, { method: 'HEAD' })
    expect([answer.status, answer.body]).toEqual([200, null])
    expect(w.calls).toEqual([])
    expect(database.roundTrips()).toBe(1)
    // It has not used up the query of the payer who waits.
    await result(w, ticket)
    expect(queries(w)).toBe(1)
  })
})

describe('a ticket', () => {
  it('is refused when it is altered, belongs to another order, or is a day old', async () => {
    const w = world()
    const { ticket } = await atCashier(w, 'ticket')
    const other = await atCashier(w, 'other')
    const parts = ticket.split('.')
    const forged = [
      '',
      'nonsense',
      ticket.slice(1),
      `${ticket}0`,
      [other.ordercode, ...parts.slice(1)].join('.'),
      [parts[0], parts[1], String(Number(parts[2]) + 1), parts[3]].join('.'),
      [parts[0], '0'.repeat(32), parts[2], parts[3]].join('.'),
      [...parts.slice(0, 3), '0'.repeat(64)].join('.'),
    ]
    for (const each of forged) {
      const answer = await result(w, each)
      expect(answer.status).toBe(401)
      expect(await answer.json()).toMatchObject({ code: 'ticket_invalid' })
    }
    expect((await w.fetch('/result')).status).toBe(401)
    w.advance(86_399)
    expect((await result(w, ticket)).status).toBe(200)
    w.advance(1)
    expect((await result(w, ticket)).status).toBe(401)
  })

  it('is refused when it comes from another installation', async () => {
    const w = world()
    const { ticket } = await atCashier(w, 'elsewhere')
    const other = world({ vars: { WX_APP_SECRET: '1'.repeat(32) } })
    expect((await result(other, ticket)).status).toBe(401)
  })

  it('does not reveal the openid', async () => {
    const w = world()
    const ordercode = await w.order('private')
    const openid = w.wechat.payer.newOpenid()
    const { ticket } = await (await w.pay(ordercode, openid)).json<Sheet>()
    expect(ticket).not.toContain(openid)
    expect(ticket).not.toContain(openid.slice(4, 16))
  })
})

describe('a stranger who was at the cashier for the order', () => {
  type Shown = { state: string; total_fee: number; paid_at: string | null }
  const shownTo = async (w: World, ticket: string) => (await result(w, ticket)).json<Shown>()
  const ticketOf = async (answer: Response) => (await answer.json<Sheet>()).ticket
  const codeOf = async (answer: Response) => (await answer.json<{ code: string }>()).code

  /** A stranger was at the cashier; then another payer took the order over. */
  async function takenOver(w: World, name: string) {
    const ordercode = await w.order(name)
    const [stranger, payer] = [w.wechat.payer.newOpenid(), w.wechat.payer.newOpenid()]
    const ticket = await ticketOf(await w.pay(ordercode, stranger))
    const own = await ticketOf(await w.pay(ordercode, payer))
    return { ordercode, stranger, payer, ticket, own }
  }

  it('cannot tell when another payer pays, nor that anything was paid', async () => {
    const w = world()
    const { ordercode, stranger, payer, ticket, own } = await takenOver(w, 'stranger')
    const closed = { ordercode, state: 'closed', total_fee: 8_800, paid_at: null }
    const before = queries(w)
    expect(await shownTo(w, ticket)).toEqual(closed)

    w.wechat.payer.pay(`${ordercode}*2`)
    w.advance(3)
    expect(await shownTo(w, ticket)).toEqual(closed)
    expect(queries(w)).toBe(before)
    expect(await shownTo(w, own)).toMatchObject({ state: 'paid', paid_at: expect.any(String) })

    w.advance(3)
    expect(await shownTo(w, ticket)).toEqual(closed)
    expect(queries(w)).toBe(before + 1)
    expect(await codeOf(await w.pay(ordercode, stranger))).toBe('order_closed')
    expect(await codeOf(await w.pay(ordercode, payer))).toBe('order_paid')
  })

  it('gets the same answers about an order that nobody paid', async () => {
    const w = world()
    const { ordercode, stranger, ticket } = await takenOver(w, 'unpaid')
    const before = await shownTo(w, ticket)
    await w.shop('POST', `/orders/${ordercode}/close`)
    w.calls.length = 0

    expect(await shownTo(w, ticket)).toEqual(before)
    expect(w.calls).toEqual([])
    expect(await codeOf(await w.pay(ordercode, stranger))).toBe('order_closed')
  })

  it('does not see the price at which another payer pays', async () => {
    const w = world()
    const { ordercode, ticket } = await takenOver(w, 'price')
    await w.shop('PUT', `/orders/${ordercode}`, { total_fee: 100, body: '测试商店-图书' })
    const payer = w.wechat.payer.newOpenid()
    const own = await ticketOf(await w.pay(ordercode, payer))
    w.wechat.payer.pay(`${ordercode}*3`)

    expect(await shownTo(w, own)).toMatchObject({ state: 'paid', total_fee: 100 })
    expect(await shownTo(w, ticket)).toMatchObject({ state: 'closed', total_fee: 8_800 })
  })

  it('does not use up the queries of the payer who waits', async () => {
    const w = world()
    const { ordercode, ticket, own } = await takenOver(w, 'slot')
    w.wechat.payer.pay(`${ordercode}*2`)

    await Promise.all(Array.from({ length: 5 }, () => result(w, ticket)))

    expect(await shownTo(w, own)).toMatchObject({ state: 'paid' })
  })

  it('may still pay: one household with two phones takes turns', async () => {
    const w = world()
    const { ordercode, stranger, ticket, own } = await takenOver(w, 'household')
    const again = await w.pay(ordercode, stranger)
    expect(again.status).toBe(200)
    w.wechat.payer.pay(`${ordercode}*3`)

    expect(await shownTo(w, await ticketOf(again))).toMatchObject({ state: 'paid' })
    expect(await shownTo(w, ticket)).toMatchObject({ state: 'paid' })
    expect(await shownTo(w, own)).toMatchObject({ state: 'closed', paid_at: null })
  })
})

describe('a payment that goes back', () => {
  const codeOf = async (answer: Response) => (await answer.json<{ code: string }>()).code

  it('leaves the order open to its payer, and closed to everyone else', async () => {
    const w = world({ vars: { LATE_PAYMENT: 'refund', WX_CERT: 'bound' } })
    const ordercode = await w.order('returned')
    const [stranger, payer] = [w.wechat.payer.newOpenid(), w.wechat.payer.newOpenid()]
    const { ticket } = await (await w.pay(ordercode, stranger)).json<Sheet>()
    const own = await (await w.pay(ordercode, payer)).json<Sheet>()
    await w.shop('PUT', `/orders/${ordercode}`, { total_fee: 9_900, body: '测试商店-图书' })
    // WeChat lets the payer pay the old price all the same.
    w.wechat.payer.pay(`${ordercode}*2`, { despiteClose: true })
    await w.deliverNotices()
    expect((await w.read(ordercode)).payments).toHaveLength(1)

    const shownTo = async (which: string) => (await result(w, which)).json()
    const closed = { ordercode, state: 'closed', total_fee: 8_800, paid_at: null }
    expect(await codeOf(await w.pay(ordercode, stranger))).toBe('order_closed')
    expect(await shownTo(ticket)).toEqual(closed)
    expect(await shownTo(own.ticket)).toEqual({ ...closed, state: 'paying', total_fee: 9_900 })

    expect((await w.pay(ordercode, payer)).status).toBe(200)
    w.wechat.payer.pay(`${ordercode}*3`)
    await w.deliverNotices()
    expect(await shownTo(own.ticket)).toMatchObject({ state: 'paid', total_fee: 9_900 })
    expect(await shownTo(ticket)).toEqual(closed)
    expect(await codeOf(await w.pay(ordercode, stranger))).toBe('order_closed')
  })

  it('and that /pay itself finds gives the payer the next number at once', async () => {
    const w = world({ vars: { LATE_PAYMENT: 'refund', WX_CERT: 'bound' } })
    const ordercode = await w.order('found', { expires_in: 40_000 })
    const payer = w.wechat.payer.newOpenid()
    w.wechat.faults.inject({ endpoint: 'unifiedorder', kind: 'reply_lost', times: 2 })
    await w.pay(ordercode, payer)
    w.wechat.payer.pay(ordercode)
    // The whole payment went back on the merchant platform before the Worker learned of it.
    w.wechat.platform.refund(ordercode, { refundFee: 8_800, outRefundNo: 'hand-1' })

    expect((await w.pay(ordercode, payer)).status).toBe(200)
    expect((await w.read(ordercode)).attempts.map(({ state }) => state)).toEqual(['paid', 'open'])
    expect(await codeOf(await w.pay(ordercode, w.wechat.payer.newOpenid()))).toBe('order_closed')
  })
})

describe('a change of the AppSecret', () => {
  const OLD = '0'.repeat(32)
  const NEW = '1'.repeat(32)
  const rotated = { WX_APP_SECRET: NEW, WX_APP_SECRET_OLD: OLD }

  it('keeps tickets under the previous one valid, and their payers known', async () => {
    const w = world()
    const { ordercode, ticket } = await atCashier(w, 'rotation')
    w.wechat.payer.pay(ordercode)
    const after = world({ vars: rotated })
    await w.deliverNotices()

    expect(await (await result(after, ticket)).json()).toMatchObject({ state: 'paid' })
    expect((await result(world({ vars: { WX_APP_SECRET: NEW } }), ticket)).status).toBe(401)
  })

  it('signs new tickets under the new one only', async () => {
    const key = await ticketKey(NEW)
    const [signing, ...others] = await world({ vars: rotated }).worker().config.ticketKeys()
    const now = toUnixSeconds(1_700_000_000)
    const ticket = await issueTicket(signing, 'ordercode', 'openid', now)

    expect((await readTicket([key], ticket, now))?.ordercode).toBe('ordercode')
    expect(await readTicket(others, ticket, now)).toBeUndefined()
    expect(others).toHaveLength(1)
  })
})
