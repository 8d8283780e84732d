/** What a webhook contains, and what one run of the cron may cost. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeShop, notify, pay, shop } from '../../testing/fuzz/run/fixture.ts'
import { ORDERS } from '../../testing/fuzz/run/world.ts'
import { installInstantCrypto } from '../../testing/simulation/d1/instant-crypto.ts'
import { chanceOf } from '../../testing/simulation/run/random.ts'

let restore = (): void => {}
beforeAll(() => {
  restore = installInstantCrypto()
})
afterAll(() => restore())

describe('a webhook', () => {
  it('has the same body on every try until it is delivered, even when its order has changed', async () => {
    const world = await makeShop(chanceOf(1, 'webhooks'))
    const id = `order.closed.${ORDERS.closed}`
    const body = '{"type":"order.closed","data":"of the first try"}'
    world.sqlite.exec(`UPDATE deliveries SET body = '${body}' WHERE id = '${id}'`)

    await shop(world, 'POST', `/deliveries/${id}/resend`)
    await shop(world, 'POST', `/deliveries/${id}/resend`)

    const [first, second] = await Promise.all(world.webhooks.slice(-2).map((each) => each.text()))
    expect(first).toBe(body)
    // After the delivery the body is not kept: the webhook is rendered anew.
    expect(second).toContain(`"ordercode":"${ORDERS.closed}"`)
  })

  it('about a closed order shows it as closed, even when a late payment came before the webhook', async () => {
    const world = await makeShop(chanceOf(1, 'webhooks'))
    const id = `order.closed.${ORDERS.closed}`
    world.sqlite.exec(`UPDATE deliveries SET body = NULL WHERE id = '${id}'`)
    await notify(world, world.wechat.notices.ofPayments.xml(ORDERS.closed))
    const orders = 'SELECT state FROM orders WHERE ordercode = ?'
    expect(world.sqlite.read(orders, ORDERS.closed)).toMatchObject([{ state: 'paid' }])

    await shop(world, 'POST', `/deliveries/${id}/resend`)

    const webhook: unknown = await world.webhooks.at(-1)?.json()
    expect(webhook).toMatchObject({ type: 'order.closed', data: { state: 'closed', payments: [] } })
  })

  it('does not follow redirects', async () => {
    const world = await makeShop(chanceOf(1, 'webhooks'))

    expect(world.webhooks.length).toBeGreaterThan(0)
    expect(new Set(world.webhooks.map(({ redirect }) => redirect))).toEqual(new Set(['manual']))
  })
})

describe('a run of the cron', () => {
  it('makes no more calls than TICK_CALLS, even when each order needs three', async () => {
    const vars = { TICK_CALLS: '12', TICK_STATEMENTS: '10000' }
    const world = await makeShop(chanceOf(1, 'webhooks'), { vars })
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
