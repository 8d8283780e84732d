/** `/pay`, when a concurrent request changes the order between WeChat's answer and our write to the database. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { watchDatabase, type WatchedDatabase } from '../../../testing/d1/watched-database.ts'
import { makeShop } from '../../../testing/fuzz/run/fixture.ts'
import { type FuzzWorld, ORDERS } from '../../../testing/fuzz/run/world.ts'
import { installInstantCrypto } from '../../../testing/simulation/d1/instant-crypto.ts'
import { chanceOf } from '../../../testing/simulation/run/random.ts'

let restore = (): void => {}
beforeAll(() => {
  restore = installInstantCrypto()
})
afterAll(() => restore())

/** A shop in which this SQL runs just before a prepay_id is stored. */
async function shopWithRace(sql: string): Promise<FuzzWorld> {
  const watched: WatchedDatabase[] = []
  const wrapDb = (db: D1Database): D1Database => {
    const watch = watchDatabase(db)
    watched.push(watch)
    return watch.db
  }
  const world = await makeShop(chanceOf(1, 'race'), { wrapDb })
  watched[0]?.before(/SET answered_at = \?3, prepay_id/, async () => world.sqlite.exec(sql))
  return world
}

async function pay(world: FuzzWorld, ordercode: string, openid: string) {
  const path = `/pay?code=${world.wechat.payer.login(openid)}&ordercode=${ordercode}`
  const response = await world.send(new Request(new URL(path, 'https://pay.test')))
  return response.json<{ code?: string; package?: string }>()
}

describe('an attempt that starts closing before its prepay_id is stored', () => {
  it('is not signed, and is closed at WeChat', async () => {
    const world = await shopWithRace(
      `UPDATE attempts SET state = 'closing' WHERE ordercode = '${ORDERS.created}'`,
    )

    const answer = await pay(world, ORDERS.created, world.payer)

    expect(answer).toMatchObject({ code: 'order_busy' })
    expect(answer.package).toBeUndefined()
    expect(world.wechat.books.order(ORDERS.created)?.tradeState).toBe('CLOSED')
  })
})

describe('an attempt whose order is paid before its prepay_id is stored', () => {
  it('is closed at WeChat, where it could be paid a second time', async () => {
    const world = await shopWithRace(
      `INSERT INTO payments (transaction_id, ordercode, number, openid, trade_type, fee_type, total_fee, paid_at)
       SELECT '42', ordercode, number, openid, 'JSAPI', 'CNY', total_fee, 1 FROM attempts
       WHERE ordercode = '${ORDERS.created}';
       UPDATE orders SET state = 'paid', transaction_id = '42', paid_at = 1, due_at = NULL
       WHERE ordercode = '${ORDERS.created}'`,
    )

    const answer = await pay(world, ORDERS.created, world.payer)

    expect(answer.code).toBe('order_paid')
    expect(world.wechat.books.order(ORDERS.created)?.tradeState).toBe('CLOSED')
  })
})

describe('another payer, while the call for the first payer may be in flight,', () => {
  it('gets order_busy without a query to WeChat, which cannot know the answer yet', async () => {
    const world = await makeShop(chanceOf(1, 'race'))
    world.setTime(59)
    const queriesBefore = world.wechat.books
      .history()
      .filter(({ endpoint }) => endpoint === 'orderquery').length

    const answer = await pay(world, ORDERS.lost, world.otherPayer)

    expect(answer.code).toBe('order_busy')
    const queriesAfter = world.wechat.books
      .history()
      .filter(({ endpoint }) => endpoint === 'orderquery').length
    expect(queriesAfter - queriesBefore).toBe(0)
  })
})
