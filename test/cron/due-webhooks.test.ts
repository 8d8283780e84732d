/** What the shop hears, and what a tick of the cron may cost. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeShop, notify, pay, shop } from '../../testing/fuzz/run/fixture.ts'
import { ORDERS } from '../../testing/fuzz/run/world.ts'
import { installInstantCrypto } from '../../testing/simulation/d1/instant-crypto.ts'
import { chanceOf } from '../../testing/simulation/run/random.ts'

let putBack = (): void => {}
beforeAll(() => {
  putBack = installInstantCrypto()
})
afterAll(() => putBack())

describe('a webhook', () => {
  it('says the same on every try, whatever became of its order since', async () => {
    const world = await makeShop(chanceOf(1, 'telling'))
    const id = `order.closed.${ORDERS.closed}`
    const [first] = world.sqlite.read('SELECT body FROM deliveries WHERE id = ?', id)
    world.sqlite.exec("UPDATE orders SET body = 'something else', attach = 'and this'")

    await shop(world, 'POST', `/deliveries/${id}/resend`)

    expect(await world.webhooks.at(-1)?.text()).toBe(first?.['body'])
  })

  it('about a closing says closed, though a late payer was quicker than the webhook', async () => {
    const world = await makeShop(chanceOf(1, 'telling'))
    const id = `order.closed.${ORDERS.closed}`
    world.sqlite.exec(`UPDATE deliveries SET body = NULL WHERE id = '${id}'`)
    await notify(world, world.wechat.notices.ofPayments.xml(ORDERS.closed))
    const orders = 'SELECT state FROM orders WHERE ordercode = ?'
    expect(world.sqlite.read(orders, ORDERS.closed)).toMatchObject([{ state: 'paid' }])

    await shop(world, 'POST', `/deliveries/${id}/resend`)

    const told: unknown = await world.webhooks.at(-1)?.json()
    expect(told).toMatchObject({ type: 'order.closed', data: { state: 'closed', payments: [] } })
  })

  it('goes where it was sent, and not where that place points to', async () => {
    const world = await makeShop(chanceOf(1, 'telling'))

    expect(world.webhooks.length).toBeGreaterThan(0)
    expect(new Set(world.webhooks.map(({ redirect }) => redirect))).toEqual(new Set(['manual']))
  })
})

describe('a tick of the cron', () => {
  it('makes no more calls than it may, even when each order needs three', async () => {
    const vars = { TICK_CALLS: '12', TICK_STATEMENTS: '10000' }
    const world = await makeShop(chanceOf(1, 'telling'), { vars })
    for (let n = 0; n < 12; n++) {
      const ordercode = `expires-${String(n).padStart(2, '0')}`
      await shop(world, 'PUT', `/orders/${ordercode}`, { total_fee: 1, body: 'x', expires_in: 900 })
      await pay(world, ordercode, world.payer)
    }
    world.setTime(3_600)
    world.log = []

    await world.cron()

    const report = world.log.find(({ event }) => event === 'tick_finished')
    expect(report?.['calls']).toBeGreaterThan(3)
    expect(report?.['calls']).toBeLessThanOrEqual(12)
  })
})
