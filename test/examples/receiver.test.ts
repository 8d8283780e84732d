import type { AddressInfo } from 'node:net'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { fromMillis } from '../../src/core/time.ts'
import { Secret } from '../../src/lib/secret.ts'
import { webhookSender } from '../../src/webhooks/sender.ts'
import { FEE, makeShop, notify, shop } from '../../testing/fuzz/run/fixture.ts'
import { type FuzzWorld, ORDERS } from '../../testing/fuzz/run/world.ts'
import { installInstantCrypto } from '../../testing/simulation/d1/instant-crypto.ts'
import { chanceOf } from '../../testing/simulation/run/random.ts'
import { seeded } from '../../testing/wire/seeded.ts'

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const path = '../../examples/shop-webhook/receiver.js'
type Known = Map<string, { type: string; state: string; revision: number }>
type Receiver = {
  server: import('node:http').Server
  orders: Known
  refunds: Known
  returned: Known
}
const { createReceiver } = (await import(path)) as { createReceiver: (secret: string) => Receiver }

let receiver = createReceiver(SECRET)
let url = ''

// The receiver prints what it hears.
beforeAll(() => void vi.spyOn(console, 'log').mockReturnValue())
afterAll(() => void vi.restoreAllMocks())

/** Starts a receiver that has heard of nothing. */
async function startReceiver(): Promise<void> {
  receiver = createReceiver(SECRET)
  const { server } = receiver
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}
const stopReceiver = () => new Promise((resolve) => receiver.server.close(resolve))

const sendBody = (id: string, body: string, secret = SECRET, skewS = 0) =>
  webhookSender({
    fetch: (request) => fetch(request),
    timers: { after: () => () => {} },
    now: () => fromMillis(Date.now() + skewS * 1_000),
    url,
    secrets: [new Secret(secret)],
  }).send({ id, body })
const send = (id: string, event: unknown, secret = SECRET, skewS = 0) =>
  sendBody(id, JSON.stringify(event), secret, skewS)

const about = (type: string, revision: number, more: Record<string, unknown> = {}) => ({
  type,
  data: { ordercode: 'abc-001', state: type.split('.')[1], revision, ...more },
})
const paid = about('order.paid', 4)
const closed = about('order.closed', 3)

describe('the sample receiver', () => {
  beforeEach(startReceiver)
  afterEach(stopReceiver)

  it('accepts a webhook, and accepts it again without applying it twice', async () => {
    expect(await send('order.paid.1', paid)).toMatchObject({ delivered: true, status: 204 })
    expect(await send('order.paid.1', paid)).toMatchObject({ delivered: true })
    expect(receiver.orders.get('abc-001')).toMatchObject({ state: 'paid', revision: 4 })
  })

  it('does not let a late order.closed undo a newer order.paid', async () => {
    await send('order.paid.1', paid)
    expect(await send('order.closed.abc-001', closed)).toMatchObject({ delivered: true })
    expect(receiver.orders.get('abc-001')).toMatchObject({ state: 'paid', revision: 4 })
  })

  it('does not drop an order.paid that comes after newer webhooks about a refund or another payment', async () => {
    await send('refund.succeeded.R1', about('refund.succeeded', 6, { out_refund_no: 'R1' }))
    await send('payment.returned.2', about('payment.returned', 7))
    await send('order.paid.1', paid)

    expect(receiver.orders.get('abc-001')).toMatchObject({ type: 'order.paid' })
    expect([...receiver.returned.keys()]).toEqual(['payment.returned.2'])
  })

  it('does not let a late refund.failed undo a newer refund.succeeded of the same refund', async () => {
    const refund = (type: string, revision: number, number: string) =>
      send(`${type}.${number}`, about(type, revision, { out_refund_no: number }))
    await refund('refund.succeeded', 9, 'R1')
    await refund('refund.failed', 7, 'R1')
    await refund('refund.failed', 6, 'R2')

    expect(receiver.refunds.get('R1')).toMatchObject({ state: 'succeeded' })
    expect(receiver.refunds.get('R2')).toMatchObject({ state: 'failed' })
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

/** A shop with orders that were paid, refunded, closed and then paid, and returned; all webhooks about them were sent. */
async function eventfulShop(): Promise<FuzzWorld> {
  const world = await makeShop(chanceOf(7, 'receiver'), { certificate: true })
  const { wechat } = world
  // What was told while the shop was made was not recorded, so it is told again.
  for (const { id } of world.sqlite.read('SELECT id FROM deliveries')) {
    await shop(world, 'POST', `/deliveries/${String(id)}/resend`)
  }
  let seconds = 120
  const later = async (by: number): Promise<void> => {
    seconds += by
    for (let minute = 0; minute < 5; minute++) {
      world.setTime((seconds += 60))
      await world.cron()
    }
  }
  const refund = (number: string) =>
    shop(world, 'PUT', `/orders/${ORDERS.paid}/refunds/${number}`, { refund_fee: 100 })
  // The payment of the first attempt, which was closed, goes back; the second attempt is paid.
  wechat.payer.pay(ORDERS.second, { despiteClose: true })
  expect(wechat.platform.refund(ORDERS.second, { refundFee: FEE }).ok).toBe(true)
  expect((await refund('good')).status).toBe(201)
  wechat.platform.settleRefund('good', 'SUCCESS')
  await later(600)
  expect((await refund('bad')).status).toBe(201)
  wechat.platform.settleRefund('bad', 'REFUNDCLOSE')
  await later(600)
  wechat.payer.pay(ORDERS.closed, { despiteClose: true })
  await notify(world, wechat.notices.ofPayments.xml(ORDERS.closed))
  wechat.payer.pay(`${ORDERS.second}*2`)
  await notify(world, wechat.notices.ofPayments.xml(`${ORDERS.second}*2`))
  await later(600)
  await shop(world, 'POST', `/orders/${ORDERS.created}/close`)
  return world
}

type OrderJson = {
  ordercode: string
  state: string
  transaction_id: string | null
  refunds: { out_refund_no: string; state: string }[]
}

describe('a receiver that follows the README', () => {
  let restore = (): void => {}
  beforeAll(() => {
    restore = installInstantCrypto()
  })
  afterAll(() => restore())

  it('knows the truth about every order, payment and refund, in whatever order webhooks arrive', async () => {
    const world = await eventfulShop()
    const webhooks = await Promise.all(
      world.webhooks.map(async (request) => {
        const body = await request.clone().text()
        const { type } = JSON.parse(body) as { type: string }
        return { id: String(request.headers.get('webhook-id')), type, body }
      }),
    )
    const returned = webhooks.filter(({ type }) => type === 'payment.returned')
    const orders = await Promise.all(
      Object.values(ORDERS).map(async (ordercode) => {
        const answer = await shop(world, 'GET', `/orders/${ordercode}`)
        return answer.json<OrderJson>()
      }),
    )
    restore()
    const types = new Set(webhooks.map(({ type }) => type))
    for (const type of [
      'order.paid',
      'order.closed',
      'payment.returned',
      'refund.succeeded',
      'refund.failed',
    ]) {
      expect(types).toContain(type)
    }
    const random = seeded(20_261_130)

    for (let round = 0; round < 12; round++) {
      await startReceiver()
      // Some arrive twice, because their answer was lost.
      const arrivals = [...webhooks, ...webhooks.filter(() => random.below(3) === 0)]
        .map((webhook) => ({ ...webhook, place: random.below(1_000_000) }))
        .toSorted((a, b) => a.place - b.place)
      for (const { id, body } of arrivals) {
        expect(await sendBody(id, body)).toMatchObject({ delivered: true })
      }
      await stopReceiver()

      const order = arrivals.map(({ id }) => id).join()
      for (const { ordercode, state, transaction_id, refunds } of orders) {
        const isReturned = returned.some(({ id }) => id.endsWith(`.${transaction_id}`))
        const expected = { paid: 'order.paid', closed: 'order.closed' }[state]
        if (!isReturned) expect(receiver.orders.get(ordercode)?.type, order).toBe(expected)
        for (const { out_refund_no: number, state: ended } of refunds) {
          const failed = { closed: 'failed', refused: 'failed', succeeded: 'succeeded' }[ended]
          if (failed === undefined) continue
          expect(receiver.refunds.get(number)?.type, order).toBe(`refund.${failed}`)
        }
      }
      expect([...receiver.returned.keys()].toSorted()).toEqual(returned.map(({ id }) => id))
    }
  })
})
