import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { openDatabase } from '../../examples/shop-backend/database.js'
import { createShop } from '../../examples/shop-backend/shop.js'
import { Secret } from '../../src/lib/secret.ts'
import { webhookSender } from '../../src/webhooks/sender.ts'
import {
  deliveryIds,
  FEE,
  makeShop,
  notify,
  shop as worker,
} from '../../testing/fuzz/run/fixture.ts'
import { type FuzzWorld, ORDERS } from '../../testing/fuzz/run/world.ts'
import { installInstantCrypto } from '../../testing/simulation/d1/instant-crypto.ts'
import { chanceOf } from '../../testing/simulation/run/random.ts'
import { seeded } from '../../testing/wire/seeded.ts'

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'

/** A shop that has heard of nothing. */
let database = openDatabase(':memory:')
let shop = newShop()

function newShop() {
  database = openDatabase(':memory:')
  const send = () => Promise.reject(new Error('no request is expected'))
  return createShop({
    database,
    worker: 'http://worker.test',
    token: 'token',
    webhookSecret: SECRET,
    appid: 'wx1',
    appSecret: 'secret',
    send,
    log: () => {},
  })
}

/** The newest webhook about a subject, such as `order abc-001`. */
const news = (subject: string) =>
  database.prepare('SELECT type, state, revision FROM news WHERE subject = ?').get(subject)
const returnedPayments = () =>
  database
    .prepare("SELECT subject FROM news WHERE subject LIKE 'payment %' ORDER BY subject")
    .all()
    .map(({ subject }) => String(subject).slice('payment '.length))
const place = (ordercode: string) =>
  database.exec(`INSERT INTO orders VALUES ('${ordercode}', 'oX', 'dark-roast-500', 8800, NULL)`)
const shippedAt = (ordercode: string) =>
  database.prepare('SELECT shipped_at FROM orders WHERE ordercode = ?').get(ordercode)?.[
    'shipped_at'
  ]

const sendBody = (id: string, body: string, secret = SECRET, skewS = 0) =>
  webhookSender({
    fetch: (request) => shop.fetch(request),
    timers: { after: () => () => {} },
    nowMs: () => Date.now() + skewS * 1_000,
    url: 'http://shop.test/webhook',
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

describe('the example shop', () => {
  beforeEach(() => void (shop = newShop()))

  it('accepts a webhook, and accepts it again without applying it twice', async () => {
    expect(await send('order.paid.1', paid)).toMatchObject({ delivered: true, status: 204 })
    expect(await send('order.paid.1', paid)).toMatchObject({ delivered: true })
    expect(news('order abc-001')).toMatchObject({ state: 'paid', revision: 4 })
  })

  it('does not let a late order.closed undo a newer order.paid', async () => {
    await send('order.paid.1', paid)
    expect(await send('order.closed.abc-001', closed)).toMatchObject({ delivered: true })
    expect(news('order abc-001')).toMatchObject({ state: 'paid', revision: 4 })
  })

  it('does not drop an order.paid that comes after newer webhooks about a refund or another payment', async () => {
    await send('refund.succeeded.R1', about('refund.succeeded', 6, { out_refund_no: 'R1' }))
    await send('payment.returned.2', about('payment.returned', 7))
    await send('order.paid.1', paid)

    expect(news('order abc-001')).toMatchObject({ type: 'order.paid' })
    expect(returnedPayments()).toEqual(['payment.returned.2'])
  })

  it('does not let a late refund.failed undo a newer refund.succeeded of the same refund', async () => {
    const refund = (type: string, revision: number, number: string) =>
      send(`${type}.${number}`, about(type, revision, { out_refund_no: number }))
    await refund('refund.succeeded', 9, 'R1')
    await refund('refund.failed', 7, 'R1')
    await refund('refund.failed', 6, 'R2')

    expect(news('refund R1')).toMatchObject({ state: 'succeeded' })
    expect(news('refund R2')).toMatchObject({ state: 'failed' })
  })

  it('ships once, however often the webhook comes, also under another id', async () => {
    place('abc-001')
    await send('order.paid.1', paid)
    const first = shippedAt('abc-001')
    database.exec("UPDATE orders SET shipped_at = 'once'")
    await send('order.paid.1', paid)
    await send('order.paid.again', about('order.paid', 5))

    expect(first).toMatch(/^\d{4}-/)
    expect(shippedAt('abc-001')).toBe('once')
  })

  it('ships nothing for an order that is closed, or whose payment goes back', async () => {
    place('abc-001')
    await send('order.closed.abc-001', closed)
    await send('payment.returned.2', about('payment.returned', 7))
    expect(shippedAt('abc-001')).toBe(null)
  })

  it('stores nothing when its own work fails, so that the next try does it', async () => {
    place('abc-001')
    database.exec('ALTER TABLE orders RENAME TO gone')
    expect(await send('order.paid.1', paid)).toMatchObject({ status: 500 })
    database.exec('ALTER TABLE gone RENAME TO orders')

    expect(await send('order.paid.1', paid)).toMatchObject({ delivered: true })
    expect(shippedAt('abc-001')).not.toBe(null)
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
  let seconds = 120
  const later = async (by: number): Promise<void> => {
    seconds += by
    for (let minute = 0; minute < 5; minute++) {
      world.setTime((seconds += 60))
      await world.cron()
    }
  }
  const refund = (number: string) =>
    worker(world, 'PUT', `/orders/${ORDERS.paid}/refunds/${number}`, { refund_fee: 100 })
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
  await worker(world, 'POST', `/orders/${ORDERS.created}/close`)
  return world
}

/** Every webhook of the Worker, sent again: it does not keep the body of one that was delivered. */
async function allWebhooks(world: FuzzWorld) {
  const webhooks = []
  for (const id of deliveryIds(world)) {
    await worker(world, 'POST', `/deliveries/${encodeURIComponent(id)}/resend`)
    const body = (await world.webhooks.at(-1)?.text()) ?? ''
    expect(world.webhooks.at(-1)?.headers.get('webhook-id')).toBe(id)
    const { type } = JSON.parse(body) as { type: string }
    webhooks.push({ id, type, body })
  }
  return webhooks
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
    const webhooks = await allWebhooks(world)
    const returned = webhooks.filter(({ type }) => type === 'payment.returned')
    const orders = await Promise.all(
      Object.values(ORDERS).map(async (ordercode) => {
        const answer = await worker(world, 'GET', `/orders/${ordercode}`)
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
      shop = newShop()
      for (const { ordercode } of orders) place(ordercode)
      // Some arrive twice, because their answer was lost.
      const arrivals = [...webhooks, ...webhooks.filter(() => random.below(3) === 0)]
        .map((webhook) => ({ ...webhook, place: random.below(1_000_000) }))
        .toSorted((a, b) => a.place - b.place)
      for (const { id, body } of arrivals) {
        expect(await sendBody(id, body)).toMatchObject({ delivered: true })
      }

      const order = arrivals.map(({ id }) => id).join()
      for (const { ordercode, state, transaction_id, refunds } of orders) {
        const isReturned = returned.some(({ id }) => id.endsWith(`.${transaction_id}`))
        const expected = { paid: 'order.paid', closed: 'order.closed' }[state]
        if (!isReturned) {
          expect(shippedAt(ordercode) !== null, order).toBe(state === 'paid')
          expect(news(`order ${ordercode}`)?.['type'], order).toBe(expected)
        }
        for (const { out_refund_no: number, state: ended } of refunds) {
          const failed = { closed: 'failed', refused: 'failed', succeeded: 'succeeded' }[ended]
          if (failed === undefined) continue
          expect(news(`refund ${number}`)?.['type'], order).toBe(`refund.${failed}`)
        }
      }
      expect(returnedPayments()).toEqual(returned.map(({ id }) => id))
    }
  })
})
