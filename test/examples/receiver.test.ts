import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fromMillis } from '../../src/core/time.ts'
import { Secret } from '../../src/lib/secret.ts'
import { webhookSender } from '../../src/webhooks/sender.ts'

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const path = '../../examples/shop-webhook/receiver.js'
const { createReceiver } = (await import(path)) as {
  createReceiver: (secret: string) => {
    server: import('node:http').Server
    orders: Map<string, { state: string; revision: number }>
  }
}
const { server, orders } = createReceiver(SECRET)

let url = ''
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
})
afterAll(() => void server.close())

const send = (id: string, event: unknown, secret = SECRET, skewS = 0) =>
  webhookSender({
    fetch: (request) => fetch(request),
    timers: { after: () => () => {} },
    now: () => fromMillis(Date.now() + skewS * 1_000),
    url,
    secrets: [new Secret(secret)],
  }).send({ id, body: JSON.stringify(event) })

const paid = { type: 'order.paid', data: { ordercode: 'abc-001', state: 'paid', revision: 4 } }
const closed = {
  type: 'order.closed',
  data: { ordercode: 'abc-001', state: 'closed', revision: 3 },
}

describe('the sample receiver', () => {
  it('accepts a webhook, and accepts it again without applying it twice', async () => {
    expect(await send('order.paid.1', paid)).toMatchObject({ delivered: true, status: 204 })
    expect(await send('order.paid.1', paid)).toMatchObject({ delivered: true })
    expect(orders.get('abc-001')).toMatchObject({ state: 'paid', revision: 4 })
  })

  it('does not let a late order.closed undo a newer order.paid', async () => {
    expect(await send('order.closed.abc-001', closed)).toMatchObject({ delivered: true })
    expect(orders.get('abc-001')).toMatchObject({ state: 'paid', revision: 4 })
  })

  it('refuses a forged and an old webhook', async () => {
    const forged = await send('order.paid.2', paid, 'whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA')
    expect(forged).toMatchObject({ delivered: false, status: 401 })
    expect(await send('order.paid.3', paid, SECRET, -600)).toMatchObject({ status: 401 })
  })

  it('accepts types that it does not know', async () => {
    expect(await send('x.1', { type: 'x.y', data: {} })).toMatchObject({ delivered: true })
  })
})
