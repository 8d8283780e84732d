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

type OrdersPage = Readonly<{ orders: { ordercode: string }[]; next_cursor: string | null }>

describe('the last page of a list', () => {
  it('has no next_cursor, even when it is full', async () => {
    const world = await makeShop(chanceOf(1, 'pages'))
    const count = Object.keys(ORDERS).length
    const page = async (query: string) =>
      (await shop(world, 'GET', `/orders?${query}`)).json<OrdersPage>()

    const all = await page(`limit=${count}`)
    const most = await page(`limit=${count - 1}`)
    const rest = await page(`limit=1&cursor=${most.next_cursor}`)

    expect(all).toMatchObject({ next_cursor: null })
    expect(all.orders).toHaveLength(count)
    expect(rest.next_cursor).toBeNull()
    expect([...most.orders, ...rest.orders]).toEqual(all.orders)
  })
})
