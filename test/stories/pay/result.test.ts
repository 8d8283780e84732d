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
