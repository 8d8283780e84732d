import { describe, expect, it } from 'vitest'
import { world, type World } from '../../../testing/world.ts'

type Sheet = { ticket: string }
const result = (w: World, ticket: string) => w.fetch(`/result?ticket=${ticket}`)
const queries = (w: World) => w.calls.filter((call) => call.endsWith('/pay/orderquery')).length

async function atCashier(w: World, name: string) {
  const ordercode = await w.order(name)
  const { ticket } = await (await w.pay(ordercode, w.wechat.payer.newOpenid())).json<Sheet>()
  return { ordercode, ticket }
}

describe('the paying page', () => {
  it('sees "paid" without any notice, because we ask', async () => {
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

  it('polled by twenty at once asks WeChat once, and again after three seconds', async () => {
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

  it('of a paid order asks nobody', async () => {
    const w = world()
    const { ordercode, ticket } = await atCashier(w, 'paid')
    w.wechat.payer.pay(ordercode)
    await w.deliverNotices()
    await result(w, ticket)
    expect(queries(w)).toBe(0)
  })

  it('shows what we know while WeChat does not answer', async () => {
    const w = world()
    const { ticket } = await atCashier(w, 'down')
    w.wechat.faults.inject({ endpoint: 'orderquery', kind: 'http_500', times: 2 })
    const answer = await result(w, ticket)
    expect(answer.status).toBe(200)
    expect(await answer.json()).toMatchObject({ state: 'paying' })
  })
})

describe('a ticket', () => {
  it('is refused when it is altered anywhere, another order’s, or a day old', async () => {
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

  it('of another installation is refused', async () => {
    const w = world()
    const { ticket } = await atCashier(w, 'elsewhere')
    const other = world({ vars: { WX_APP_SECRET: '1'.repeat(32) } })
    expect((await result(other, ticket)).status).toBe(401)
  })

  it('does not tell who paid', async () => {
    const w = world()
    const ordercode = await w.order('private')
    const openid = w.wechat.payer.newOpenid()
    const { ticket } = await (await w.pay(ordercode, openid)).json<Sheet>()
    expect(ticket).not.toContain(openid)
    expect(ticket).not.toContain(openid.slice(4, 16))
  })
})

describe('too many requests', () => {
  const limiter = (limit: number) => {
    const seen = new Map<string, number>()
    return {
      limit: ({ key }: { key: string }) => {
        seen.set(key, (seen.get(key) ?? 0) + 1)
        return Promise.resolve({ success: (seen.get(key) ?? 0) <= limit })
      },
    }
  }

  it('by one payer or one address are told to wait; notices never are', async () => {
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
