/** The history of an order, however often it changes. */
import { describe, expect, it } from 'vitest'
import { toFen } from '../../../src/core/money.ts'
import type { OrderEvent, OrderView } from '../../../src/core/order/order.ts'
import { transition } from '../../../src/core/order/transition.ts'
import { registered, storeBench } from '../../../testing/d1/store-bench.ts'
import { at, ORDERCODE, TERMS } from '../../../testing/samples/order-samples.ts'

/** Changes the price of the sample order this many times, as a shop does whose program repeats itself. */
async function changedTimes(times: number, recoveredAt?: number) {
  const bench = storeBench()
  const { store } = bench
  if (recoveredAt !== undefined) await store.recoveries.begin(at(-100), at(recoveredAt))
  let view: OrderView = await registered(bench)
  for (let count = 1; count <= times; count++) {
    const event: OrderEvent = {
      type: 'order_changed',
      terms: { ...TERMS, totalFee: toFen(100 + count) },
    }
    const step = transition(view, event, at(count))
    if (!step.ok || step.value.kind !== 'changed') throw new Error('not changed')
    await store.orders.commit(view, event, step.value, at(count))
    view = step.value.after
  }
  return bench
}

describe('the events of an order', () => {
  it('are read in pages, oldest first, wherever they are stored', async () => {
    const { store, read } = await changedTimes(30)
    const pages = []
    for (let after = 0; ;) {
      const page = await store.orders.events(ORDERCODE, after, 7)
      if (page.length === 0) break
      pages.push(...page)
      after = page.at(-1)?.revision ?? 0
    }
    expect(pages.map(({ revision }) => revision)).toEqual(
      Array.from({ length: 31 }, (_, i) => i + 1),
    )
    expect(pages.at(-1)).toMatchObject({
      type: 'order_changed',
      data: { total_fee: 130 },
      at: at(30),
    })
    expect(await read('SELECT max(length(history)) <= 400 AS short FROM orders')).toEqual([
      { short: 1 },
    ])
  })

  it('are all kept of the first changes after a recovery, although the revisions begin anew and are great', async () => {
    const { store } = await changedTimes(30, -50)
    const events = await store.orders.events(ORDERCODE, 0, 1_000)
    expect(events).toHaveLength(31)
    expect(events.at(-1)?.revision).toBe(Number(at(-50)) * 10 + 30)
  })

  it('are bounded when a shop changes an order without end: the last of many equal ones is kept', async () => {
    const { store } = await changedTimes(150)
    const events = await store.orders.events(ORDERCODE, 0, 1_000)
    expect(events.length).toBeLessThanOrEqual(101)
    expect(events.at(-1)).toMatchObject({ revision: 151, data: { total_fee: 250 } })
  })
})
