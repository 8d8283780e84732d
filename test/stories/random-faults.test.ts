/** A few random sequences in workerd over the real D1. The long ones run in Node (`npm run simulate`). */
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../simulator/lib/random.ts'
import { type DatabaseFault, watchDatabase } from '../../testing/d1/watched-database.ts'
import { world } from '../../testing/world.ts'

const SEEDS = [1, 2, 3, 4, 5, 6]
const STEPS = 40
const WECHAT_FAULTS = [
  'request_lost',
  'reply_lost',
  'http_502_after',
  'system_error',
  'wrong_sign',
] as const
const DATABASE_FAULTS: readonly DatabaseFault[] = [
  'before_commit',
  'after_commit',
  'stall_after_commit',
]

function dice(seed: number) {
  const random = seededRandom(seed)
  const below = (n: number): number => new DataView(random(4).buffer).getUint32(0) % n
  return {
    below,
    pick: <T>(items: readonly T[]): T => {
      const item = items[below(items.length)]
      if (item === undefined) throw new Error('nothing to pick from')
      return item
    },
  }
}

describe('under random faults of the network and the database', () => {
  for (const seed of SEEDS) {
    it(`our records agree with WeChat in the end (seed ${seed})`, async () => {
      const { below, pick } = dice(seed)
      const watched = watchDatabase(env.DB)
      const w = world({ wrapDb: () => watched.db })
      const orders = await Promise.all(['one', 'two', 'three'].map((name) => w.order(name)))
      const payers = [w.wechat.payer.newOpenid(), w.wechat.payer.newOpenid()]

      const actions: (() => Promise<unknown>)[] = [
        () => w.pay(pick(orders), pick(payers)),
        () => w.pay(pick(orders), pick(payers)),
        async () =>
          void w.wechat.payer.pay(pick(w.wechat.books.orders().map((each) => each.outTradeNo))),
        () => w.deliverNotices(),
        () => w.cron(),
        () => w.shop('POST', `/orders/${pick(orders)}/close`),
        () => w.shop('POST', `/orders/${pick(orders)}/query`),
        () => w.shop('PUT', `/orders/${pick(orders)}`, { total_fee: 1 + below(99), body: '测试' }),
        async () => w.advance(below(900)),
        async () => w.wechat.faults.inject({ endpoint: 'any', kind: pick(WECHAT_FAULTS) }),
        async () => watched.fail(pick(DATABASE_FAULTS)),
      ]
      for (let step = 0; step < STEPS; step++) {
        // An action may fail, and its caller would retry. Only the records in the end matter.
        await Promise.allSettled([pick(actions)(), pick(actions)()])
      }

      watched.reset()
      w.wechat.faults.clear()
      for (let minute = 0; minute < 30 * 60; minute += 40) {
        w.advance(40 * 60)
        await w.deliverNotices()
        await w.cron()
        await w.settled()
      }

      const captures = w.wechat.books.captures()
      const { results: payments } = await env.DB.prepare(
        'SELECT transaction_id, total_fee FROM payments ORDER BY transaction_id',
      ).all()
      expect(payments).toEqual(
        captures
          .map(({ transactionId, totalFee }) => ({
            transaction_id: transactionId,
            total_fee: totalFee,
          }))
          .sort((a, b) => (a.transaction_id < b.transaction_id ? -1 : 1)),
      )
      for (const ordercode of orders) {
        const order = await w.read(ordercode)
        const paid = captures.some(({ outTradeNo }) => outTradeNo.startsWith(ordercode))
        expect(order.state).toBe(paid ? 'paid' : 'closed')
        expect(await w.history(ordercode)).toHaveLength(order.revision)
      }
      expect(w.wechat.books.orders().filter(({ tradeState }) => tradeState === 'NOTPAY')).toEqual(
        [],
      )
      const sentIds = new Set(w.receiver.received.map(({ id }) => id))
      for (const { transactionId, outTradeNo } of captures) {
        const { transaction_id } = await w.read(outTradeNo.split('*')[0] ?? '')
        if (transaction_id === transactionId)
          expect(sentIds).toContain(`order.paid.${transactionId}`)
      }
    }, 30_000)
  }
})
