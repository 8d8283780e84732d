/** The generated client of the shop, against the real Worker. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ClientOptions, createClient } from '../../examples/shop-client/client.ts'
import { makeShop } from '../../testing/fuzz/run/fixture.ts'
import { type FuzzWorld, ORDERS, TOKEN } from '../../testing/fuzz/run/world.ts'
import { installInstantCrypto } from '../../testing/simulation/d1/instant-crypto.ts'
import { chanceOf } from '../../testing/simulation/run/random.ts'

let restore = (): void => {}
let world: FuzzWorld
let sent: Request[] = []
beforeAll(async () => {
  restore = installInstantCrypto()
  world = await makeShop(chanceOf(1, 'client'))
})
afterAll(() => restore())

function clientWith(changed: Partial<ClientOptions> = {}) {
  sent = []
  return createClient({
    origin: 'https://pay.test',
    token: TOKEN,
    send: (request) => {
      sent.push(request)
      return world.send(request)
    },
    ...changed,
  })
}

describe('the client of the shop', () => {
  it('registers an order, reads it and closes it', async () => {
    const client = clientWith()
    const terms = { total_fee: 100, body: '咖啡' }

    const registered = await client.putOrder('client-order', terms)
    expect(registered).toMatchObject({ ok: true, status: 201, value: { ...terms, revision: 1 } })
    expect(await client.putOrder('client-order', terms)).toMatchObject({ ok: true, status: 200 })
    const closed = await client.closeOrder('client-order')
    expect(closed).toMatchObject({ ok: true, value: { state: 'closed' } })
    const read = await client.getOrder('client-order')
    expect(read).toEqual({ ok: true, status: 200, value: closed.ok && closed.value })
  })

  it('gives the code of a refusal, so that a program can decide', async () => {
    const closed = await clientWith().closeOrder(ORDERS.paid)
    expect(closed).toMatchObject({ ok: false, status: 409, problem: { code: 'order_paid' } })

    const wrong = await clientWith().putOrder('client-wrong', { total_fee: 0, body: '' })
    expect(wrong.ok).toBe(false)
    if (wrong.ok || wrong.problem?.code !== 'invalid_request') expect.fail('is refused')
    expect(wrong.problem.errors?.map(({ field }) => field)).toEqual(['total_fee', 'body'])

    const stranger = await clientWith({ token: 'x' }).getOrder(ORDERS.paid)
    expect(stranger).toMatchObject({ ok: false, problem: { code: 'unauthorized' } })
  })

  it('pages through a list without an order twice', async () => {
    const client = clientWith()
    const codes: string[] = []
    for (let cursor: string | undefined = ''; cursor !== undefined;) {
      const page = await client.listOrders({ limit: 2, cursor })
      if (!page.ok) expect.fail(page.problem?.detail)
      codes.push(...page.value.orders.map(({ ordercode }) => ordercode))
      cursor = page.value.next_cursor ?? undefined
    }
    expect(codes).toEqual(expect.arrayContaining(Object.values(ORDERS)))
    expect(new Set(codes).size).toBe(codes.length)
    expect(sent.length).toBeGreaterThan(2)
  })

  it('changes only the revision that it names', async () => {
    const client = clientWith()
    await client.putOrder('client-match', { total_fee: 100, body: 'x' })
    const first = await client.putOrder('client-match', { total_fee: 200, body: 'x' }, '"1"')
    expect(first).toMatchObject({ ok: true, value: { revision: 2 } })
    const second = await client.putOrder('client-match', { total_fee: 300, body: 'x' }, '"1"')
    expect(second).toMatchObject({ ok: false, problem: { code: 'revision_conflict' } })
  })

  it('encodes what it puts into a path', async () => {
    await clientWith().getRefund(ORDERS.paid, 'R|1*@/..')
    expect(new URL(sent[0]?.url ?? '').pathname).toBe(
      `/orders/${ORDERS.paid}/refunds/R%7C1*%40%2F..`,
    )
  })

  it('knows the answer of a proxy from one of the Worker, and rejects when there is none', async () => {
    const html = new Response('<h1>Bad gateway</h1>', { status: 502 })
    const proxied = await clientWith({ send: async () => html }).getOrder(ORDERS.paid)
    expect(proxied).toEqual({ ok: false, status: 502, problem: undefined })

    const away = clientWith({ send: () => Promise.reject(new TypeError('fetch failed')) })
    await expect(away.getOrder(ORDERS.paid)).rejects.toThrow('fetch failed')
  })
})
