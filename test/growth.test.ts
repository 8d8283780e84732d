/** What a settled order takes in the database: paid, and told to the shop. `npm run bench -- --only growth` shows it by table. */
import { expect, it } from 'vitest'
import { settledOrders } from '../testing/d1/settled-orders.ts'
import { d1Shim } from '../testing/simulation/d1/d1-shim.ts'
import { Sqlite } from '../testing/simulation/d1/sqlite.ts'

it('A settled order with an ordercode of 20 characters takes at most 1.2 KB, its entries of indexes included', async () => {
  const sqlite = new Sqlite()
  const { settle } = settledOrders(d1Shim(sqlite))
  let next = 0
  const bytesAfter = async (orders: number): Promise<number> => {
    while (next < orders) await settle(`20261128-${String(next++).padStart(6, '0')}-K7X2`)
    return Number(sqlite.read('SELECT sum(pgsize) AS bytes FROM dbstat')[0]?.['bytes'])
  }
  const before = await bytesAfter(30)

  expect(((await bytesAfter(180)) - before) / 150).toBeLessThanOrEqual(1_200)
})
