/**
 * Closings of many orders are written together. The batch must write what `commit` writes for each of its orders, and an order
 * that has changed meanwhile must neither be closed nor hold up the others.
 */
import { describe, expect, it } from 'vitest'
import type { OutTradeNo } from '../../../src/core/ids.ts'
import type { AttemptEnd, OrderEvent, OrderView } from '../../../src/core/order/order.ts'
import { cronOutbox } from '../../../src/store/d1/outbox.ts'
import { transition } from '../../../src/core/order/transition.ts'
import type { Closing } from '../../../src/ports/order-store.ts'
import { combinations } from '../../../testing/combinations.ts'
import { putViews } from '../../../testing/d1/put-view.ts'
import { storeBench } from '../../../testing/d1/store-bench.ts'
import { anAttempt, anOrder, at } from '../../../testing/samples/order-samples.ts'
import { seeded } from '../../../testing/wire/seeded.ts'

const SEED = 20_261_130
/** Long after the prepay_id has expired, so that every end of an attempt is possible. */
const NOW = at(90_000)

const FACTS = {
  /** `before`: the attempt is closed already, and only the order is left. */
  reason: ['closed_at_wechat', 'absent_at_wechat', 'before'] as readonly (AttemptEnd | 'before')[],
  number: [1, 2],
  revision: [2, 9, 40_000],
  attemptState: ['open', 'closing'] as const,
  /** Characters of the order's history. Beside so many, an event may not have room, and gets a row of its own. */
  history: [0, 100, 215, 216, 217, 218, 219, 220, 221, 222, 223, 224, 225, 250, 320],
}

const cases = combinations(FACTS, 60, seeded(SEED).below).map((facts, n) => {
  const ordercode = `closing-${n}`
  const outTradeNo = (facts.number === 1 ? ordercode : `${ordercode}*2`) as OutTradeNo
  const isOver = facts.reason === 'before'
  const first = anAttempt({
    outTradeNo: ordercode as OutTradeNo,
    state: 'closed',
    closedAt: at(100),
  })
  const attempt = anAttempt({
    outTradeNo,
    number: facts.number,
    state: isOver ? 'closed' : facts.attemptState,
    closedAt: isOver ? at(200) : undefined,
  })
  const view: OrderView = {
    order: anOrder({ ordercode, state: 'paying', revision: facts.revision }),
    attempts: facts.number === 1 ? [attempt] : [first, attempt],
    payments: [],
    refunds: [],
  }
  const event = {
    type: 'order_closed',
    reason: 'expired',
    ...(facts.reason === 'before' ? {} : { attempt: { outTradeNo, reason: facts.reason } }),
  } as const satisfies OrderEvent
  const step = transition(view, event, NOW)
  if (!step.ok || step.value.kind !== 'changed') throw new Error(`${ordercode} can be closed`)
  const closing: Closing = { before: view, event, change: step.value, at: NOW }
  return { facts, closing }
})
const closings = cases.map(({ closing }) => closing)

/** Stores the orders, each with as long a history as its case says. */
async function put(): Promise<void> {
  await putViews(...closings.map(({ before }) => before))
  const filled = cases.filter(({ facts }) => facts.history > 0)
  await storeBench().exec(
    filled
      .map(({ facts, closing }) => {
        const history = JSON.stringify(['x'.repeat(facts.history - 4)])
        return `UPDATE orders SET history = '${history}' WHERE ordercode = '${closing.before.order.ordercode}'`
      })
      .join('; '),
  )
}

const ORDER_CODES = closings.map(({ before }) => before.order.ordercode)

describe(`closings of many orders (seed ${SEED})`, () => {
  it('write together the same rows as one by one', async () => {
    // The cron closes orders together, and what it writes is in its queue at once.
    const { store, rows, read } = storeBench({ actor: 'system', outbox: cronOutbox(true) })
    await put()
    const closed = await store.orders.commitClosings(closings)
    const together = await rows()
    const events = await read('SELECT count(*) AS n FROM events')
    const queued = await read('SELECT count(*) AS n FROM deliveries WHERE is_queued = 1')
    await put()
    for (const { before, event, change } of closings) {
      expect(await store.orders.commit(before, event, change, NOW)).not.toBe('stale')
    }

    expect([...closed].toSorted()).toEqual(ORDER_CODES.toSorted())
    expect(together).toEqual(await rows())
    expect(queued).toEqual([{ n: cases.length }])
    // Some events had room in the history of their order, others not.
    expect(Number(events[0]?.['n'])).toBeGreaterThan(5)
    expect(Number(events[0]?.['n'])).toBeLessThan(cases.length - 5)
  })

  it('leave an order alone that has changed meanwhile, and close the others', async () => {
    const { store, read, exec } = storeBench()
    await put()
    await exec("UPDATE orders SET revision = revision + 1 WHERE ordercode = 'closing-3'")

    const closed = await store.orders.commitClosings(closings)

    expect(closed.size).toBe(closings.length - 1)
    expect(closed.has('closing-3')).toBe(false)
    expect(await read("SELECT state FROM orders WHERE ordercode = 'closing-3'")).toEqual([
      { state: 'paying' },
    ])
    expect(await read("SELECT id FROM deliveries WHERE subject = 'closing-3'")).toEqual([])
  })

  it('change nothing the second time, so that the batch may be repeated', async () => {
    const { store, rows } = storeBench()
    await put()
    await store.orders.commitClosings(closings)
    const once = await rows()

    expect(await store.orders.commitClosings(closings)).toEqual(new Set())
    expect(await rows()).toEqual(once)
  })
})
