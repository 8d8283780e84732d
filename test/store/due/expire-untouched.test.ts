/**
 * Untouched orders that expired are closed as a set. The set must write what `transition` and `commit` write for each of
 * its orders, and leave every other order as it is.
 */
import { describe, expect, it } from 'vitest'
import type { OrderState, OrderView } from '../../../src/core/order/order.ts'
import { liveAttempt } from '../../../src/core/order/order.ts'
import { transition } from '../../../src/core/order/transition.ts'
import { type Case, combinations } from '../../../testing/combinations.ts'
import { putViews } from '../../../testing/d1/put-view.ts'
import { storeBench, type StoreBench } from '../../../testing/d1/store-bench.ts'
import {
  aBookedPayment,
  anAttempt,
  anOrder,
  at,
  PAYMENT,
} from '../../../testing/samples/order-samples.ts'
import { seeded } from '../../../testing/wire/seeded.ts'

const SEED = 20_261_129
const EXPIRES = 7_200
const ALL = 1_000

const FACTS = {
  orderState: ['created', 'paying', 'closed', 'paid'] as readonly OrderState[],
  hasAttempt: [false, true],
  /** Seconds from the order's expiry until the run. */
  late: [0, -1, 1, 86_400],
  revision: [1, 5, 40_000],
}

/** The order, as far as it can be so: undefined for facts that contradict each other. */
function viewOf({ orderState, hasAttempt, revision }: Case<typeof FACTS>): OrderView | undefined {
  if (orderState === 'created' && hasAttempt) return undefined
  if ((orderState === 'paid' || orderState === 'paying') && !hasAttempt) return undefined
  const isPaid = orderState === 'paid'
  const state = isPaid ? 'paid' : orderState === 'closed' ? 'closed' : 'open'
  return {
    order: anOrder({
      state: orderState,
      revision,
      ...(isPaid ? { transactionId: PAYMENT.transactionId, paidAt: PAYMENT.paidAt } : {}),
      ...(orderState === 'closed' ? { closedAt: at(100) } : {}),
    }),
    attempts: hasAttempt
      ? [anAttempt({ state, closedAt: state === 'closed' ? at(100) : undefined })]
      : [],
    payments: isPaid ? [aBookedPayment()] : [],
    refunds: [],
  }
}

/** Stores orders that are due at their expiry, as the store keeps them. */
async function putDue(...views: readonly OrderView[]): Promise<void> {
  await putViews(...views)
  await storeBench().exec(
    "UPDATE orders SET due_at = expires_at WHERE state IN ('created', 'paying')",
  )
}

const cases = combinations(FACTS, 60, seeded(SEED).below).flatMap((facts) => {
  const view = viewOf(facts)
  return view === undefined ? [] : [{ facts, view }]
})

const dueOrders = ({ read }: StoreBench) =>
  read('SELECT ordercode, state, revision, due_at FROM orders ORDER BY ordercode')

describe(`an untouched order, closed twice (seed ${SEED})`, () => {
  it('is closed in the set exactly where the transition closes it without WeChat, with the same rows', async () => {
    const { store, rows } = storeBench()
    const wrong: unknown[] = []
    let closed = 0

    for (const { facts, view } of cases) {
      const now = at(EXPIRES + facts.late)
      const { ordercode } = view.order
      const event = { type: 'order_closed', reason: 'expired' } as const
      const step = transition(view, event, now)
      const change = step.ok && step.value.kind === 'changed' ? step.value : undefined
      const needsWeChat = liveAttempt(view) !== undefined
      const expected = facts.late >= 0 && change !== undefined && !needsWeChat

      await putDue(view)
      const set = await store.orders.expireUntouched(now, ALL)
      if (set.includes(ordercode) !== expected) wrong.push({ facts, set })
      if (change === undefined || !expected) continue

      closed++
      const bySet = await rows()
      await putDue(view)
      expect(await store.orders.commit(view, event, change, now)).not.toBe('stale')
      expect(bySet, JSON.stringify(facts)).toEqual(await rows())
    }

    expect(wrong).toEqual([])
    expect(closed).toBeGreaterThanOrEqual(5)
  })
})

describe('a set of untouched orders', () => {
  const order = (n: number, expires = EXPIRES) => ({
    order: anOrder({ ordercode: `untouched-${n}`, expiresAt: at(expires) }),
    attempts: [],
    payments: [],
    refunds: [],
  })

  it('is closed the longest due first, and no more than asked for', async () => {
    const bench = storeBench()
    await putDue(order(1, 300), order(2, 100), order(3, 200), order(4, 9_000))

    expect((await bench.store.orders.expireUntouched(at(EXPIRES), 2)).toSorted()).toEqual([
      'untouched-2',
      'untouched-3',
    ])
    expect(await bench.store.orders.expireUntouched(at(EXPIRES), 2)).toEqual(['untouched-1'])
    expect(await bench.store.orders.expireUntouched(at(EXPIRES), 2)).toEqual([])
    expect(await bench.read('SELECT id FROM deliveries ORDER BY id')).toEqual([
      { id: 'order.closed.untouched-1' },
      { id: 'order.closed.untouched-2' },
      { id: 'order.closed.untouched-3' },
    ])
  })

  it('has none that has not expired, even if it is due', async () => {
    const bench = storeBench()
    await putDue(order(1, 300), order(2, 100))
    await bench.exec(`UPDATE orders SET due_at = ${at(100)}`)

    expect(await bench.store.orders.expireUntouched(at(200), 9)).toEqual(['untouched-2'])
  })

  it('closed by two runs at once gets one event and one webhook for each order', async () => {
    const bench = storeBench()
    await putDue(...[1, 2, 3, 4, 5, 6].map((n) => order(n)))

    const sets = await Promise.all(
      [1, 2].map(() => storeBench().store.orders.expireUntouched(at(EXPIRES), 4)),
    )

    expect(sets.flat().toSorted()).toHaveLength(6)
    expect(await bench.read('SELECT count(*) AS n FROM order_events')).toEqual([{ n: 6 }])
    expect(await bench.read('SELECT count(*) AS n FROM deliveries')).toEqual([{ n: 6 }])
    expect(await dueOrders(bench)).toEqual(
      [1, 2, 3, 4, 5, 6].map((n) => ({
        ordercode: `untouched-${n}`,
        state: 'closed',
        revision: 2,
        due_at: null,
      })),
    )
  })

  it('is found behind orders with an attempt that are due longer', async () => {
    const bench = storeBench()
    const paying = [1, 2, 3].map((n) => ({
      order: anOrder({ ordercode: `paying-${n}`, state: 'paying', expiresAt: at(n) }),
      attempts: [anAttempt({ outTradeNo: `paying-${n}` as typeof PAYMENT.outTradeNo })],
      payments: [],
      refunds: [],
    }))
    await putDue(...paying, order(1))

    expect(await bench.store.orders.expireUntouched(at(EXPIRES), 1)).toEqual(['untouched-1'])
    const claimed = await bench.store.orders.claimExpired(at(EXPIRES), 9)
    expect(claimed.items.map(({ ordercode }) => ordercode)).toEqual(
      paying.map((each) => each.order.ordercode),
    )
  })
})
