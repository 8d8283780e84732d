/** Due work is done by one run, and what a concurrent request changed meanwhile stays changed. */
import { describe, expect, it } from 'vitest'
import type { OrderView } from '../../../src/core/order/order.ts'
import { transition } from '../../../src/core/order/transition.ts'
import type { StoredDelivery } from '../../../src/ports/delivery-store.ts'
import { registered, storeBench, type StoreBench } from '../../../testing/d1/store-bench.ts'
import { anAttempt, aPayment, at, DAY, MINUTE } from '../../../testing/samples/order-samples.ts'

/** Stores an order with an attempt, both due. */
async function dueOrder(bench: StoreBench): Promise<OrderView> {
  const before = await registered(bench)
  const event = { type: 'attempt_opened', attempt: anAttempt() } as const
  const step = transition(before, event, at(0))
  if (!step.ok || step.value.kind !== 'changed') throw new Error('cannot open')
  await bench.store.orders.commit(before, event, step.value, at(0))
  return step.value.after
}

/** Stores a closed order and returns its webhook. */
async function dueDelivery(bench: StoreBench): Promise<StoredDelivery> {
  const before = await registered(bench)
  const event = { type: 'order_closed', reason: 'shop' } as const
  const step = transition(before, event, at(0))
  if (!step.ok || step.value.kind !== 'changed') throw new Error('cannot close')
  await bench.store.orders.commit(before, event, step.value, at(0))
  const delivery = await bench.store.deliveries.find(`order.closed.${before.order.ordercode}`)
  if (delivery === undefined) throw new Error('there is no webhook')
  return delivery
}

describe('a lease', () => {
  it('that another run overtook reschedules neither the order nor its attempt', async () => {
    const bench = storeBench()
    await dueOrder(bench)
    const { orders } = bench.store
    const claims = [
      await orders.claimExpired(at(DAY), 10),
      await orders.claimDueAttempts(at(DAY), 10),
    ]
    await bench.exec('UPDATE orders SET due_at = 7; UPDATE attempts SET due_at = 8')

    for (const claimed of claims) {
      const next = claimed.items.map((item) => ({ ...item, dueAt: at(2 * DAY), isAnswered: true }))
      await orders.reschedule(claimed, next)
      expect(next).toHaveLength(1)
    }

    expect(await bench.read('SELECT due_at FROM orders')).toMatchObject([{ due_at: 7 }])
    expect(await bench.read('SELECT due_at FROM attempts')).toMatchObject([{ due_at: 8 }])
  })

  it('on a webhook keeps other runs from trying it', async () => {
    const bench = storeBench()
    await dueDelivery(bench)
    await bench.store.deliveries.takeUp(at(MINUTE), 10)

    expect(await bench.store.deliveries.claimDue('news', at(DAY), 10)).toHaveLength(1)
    expect(await bench.store.deliveries.claimDue('news', at(DAY), 10)).toHaveLength(0)
  })
})

describe('an attempt beside the one that was paid', () => {
  it('is due immediately, since it could be paid too', async () => {
    const bench = storeBench()
    await dueOrder(bench)
    await bench.exec(`
      UPDATE attempts SET state = 'closed', closed_at = 1, due_at = NULL;
      CREATE TABLE copy AS SELECT * FROM attempts;
      UPDATE copy SET number = 2, state = 'open', closed_at = NULL, due_at = ${at(DAY)};
      INSERT INTO attempts SELECT * FROM copy;
      DROP TABLE copy`)

    const { recorded } = await bench.store.orders.recordPayment(
      aPayment(),
      'notice',
      false,
      at(MINUTE),
    )

    expect(recorded).toBe(true)
    const second = 'SELECT due_at FROM attempts WHERE number = 2'
    expect(await bench.read(second)).toMatchObject([{ due_at: at(MINUTE) }])
  })
})
