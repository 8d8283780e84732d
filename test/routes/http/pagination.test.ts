import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeShop, shop } from '../../../testing/fuzz/run/fixture.ts'
import { ORDERS } from '../../../testing/fuzz/run/world.ts'
import { installInstantCrypto } from '../../../testing/simulation/d1/instant-crypto.ts'
import { chanceOf } from '../../../testing/simulation/run/random.ts'

let restore = (): void => {}
beforeAll(() => {
  restore = installInstantCrypto()
})
afterAll(() => restore())

type Page = Readonly<{ next_cursor: string | null }> & Readonly<Record<string, unknown>>

/** Each list, and the field that has its rows. */
const LISTS = [
  ['/orders', 'orders'],
  [`/orders/${ORDERS.paid}/events`, 'events'],
  ['/reviews', 'reviews'],
  ['/deliveries', 'deliveries'],
  ['/runs', 'runs'],
] as const

describe('the last page of a list', () => {
  it.each(LISTS)('has no next_cursor, even when it is full: %s', async (path, field) => {
    const world = await makeShop(chanceOf(1, 'pages'))
    await world.cron()
    await world.cron()
    const read = async (query: string) => {
      const page = await (await shop(world, 'GET', `${path}?${query}`)).json<Page>()
      return { rows: page[field] as unknown[], next: page.next_cursor }
    }
    const whole = await read('limit=100')
    const count = whole.rows.length
    expect(count).toBeGreaterThan(1)

    const all = await read(`limit=${count}`)
    const most = await read(`limit=${count - 1}`)
    const rest = await read(`limit=1&cursor=${most.next}`)

    expect(all).toEqual({ rows: whole.rows, next: null })
    expect(rest.next).toBeNull()
    expect([...most.rows, ...rest.rows]).toEqual(all.rows)
  })
})
