/** The commit of a decision on an older revision writes no row, in no table. */
import { describe, expect, it } from 'vitest'
import type { Change } from '../../../src/core/order/change.ts'
import type { OrderEvent, OrderView } from '../../../src/core/order/order.ts'
import { transition } from '../../../src/core/order/transition.ts'
import { registered, storeBench, type StoreBench } from '../../../testing/d1/store-bench.ts'
import {
  anAttempt,
  ACCEPTING,
  aPayment,
  at,
  aTransactionId,
  TERMS,
} from '../../../testing/samples/order-samples.ts'

const NOW = at(600)
const { outTradeNo } = anAttempt()
const opened: OrderEvent = { type: 'attempt_opened', attempt: anAttempt() }
const closing: OrderEvent = { type: 'attempt_closing', outTradeNo }
const ended: OrderEvent = { type: 'attempt_closed', outTradeNo, reason: 'closed_at_wechat' }
const closed: OrderEvent = { type: 'order_closed', reason: 'shop' }
const changed: OrderEvent = { type: 'order_changed', terms: { ...TERMS, body: '别的' } }
const origin = { source: 'notice', policy: ACCEPTING, refunded: false } as const
const booked: OrderEvent = { type: 'payment_booked', payment: aPayment(), ...origin }
const another = aPayment({ transactionId: aTransactionId('4200000540202401020000000002') })
const second: OrderEvent = { type: 'second_payment_recorded', payment: another, ...origin }

function decided(view: OrderView, event: OrderEvent): Change {
  const step = transition(view, event, NOW)
  if (!step.ok || step.value.kind !== 'changed') throw new Error(`cannot: ${event.type}`)
  return step.value
}

async function apply({ store }: StoreBench, view: OrderView, event: OrderEvent) {
  const change = decided(view, event)
  expect(await store.orders.commit(view, event, change, NOW)).not.toBe('stale')
  return change.after
}

/** Brings the order this far, decides, raises the revision like a concurrent request, and then commits the decision. */
async function commitLate(before: readonly OrderEvent[], event: OrderEvent) {
  const bench = storeBench()
  let view = await registered(bench)
  for (const each of before) view = await apply(bench, view, each)
  const change = decided(view, event)
  await bench.exec('UPDATE orders SET revision = revision + 1')
  const rows = await bench.rows()

  const outcome = await bench.store.orders.commit(view, event, change, NOW)

  return { outcome, before: rows, after: await bench.rows() }
}

describe('a decision that a concurrent request overtook', () => {
  const decisions: readonly (readonly [name: string, before: readonly OrderEvent[], OrderEvent])[] =
    [
      ['to open an attempt', [], opened],
      ['to close an attempt', [opened], closing],
      ['to record a closed attempt', [opened, closing], ended],
      ['to change the order', [], changed],
      ['to close the order', [], closed],
      ['to record a payment', [opened], booked],
      ['to record a late payment', [opened, ended, closed], booked],
      ['to record a second payment', [opened, booked], second],
    ]

  it.each(decisions)('%s writes nothing', async (_name, before, event) => {
    const { outcome, ...rows } = await commitLate(before, event)

    expect(outcome).toBe('stale')
    expect(rows.after).toEqual(rows.before)
  })
})
