/** A paid order and refunds of it that fit each other; a test changes what it is about. */
import { toFen } from '../../src/core/money.ts'
import type { Step } from '../../src/core/order/change.ts'
import type { OrderEvent, OrderView } from '../../src/core/order/order.ts'
import type { Payment } from '../../src/core/order/payment.ts'
import { type Refund, type RefundRecord, toOutRefundNo } from '../../src/core/order/refund.ts'
import { transition } from '../../src/core/order/transition.ts'
import type { UnixSeconds } from '../../src/core/time.ts'
import { anAttempt, aPayment, at, aTransactionId, aView, PAYMENT } from './order-samples.ts'

export const R1 = 'R20240102030405_0001'
export const R2 = 'R20240102030405_0002'
export const R3 = 'R20240102030405_0003'
export const OTHER_TRANSACTION = aTransactionId('4200000540202401029999999999')

/** The time of the events below: an hour after the payment. */
export const NOW = at(3_600)

/** Thirty of a hundred fen, asked for and not sent yet. */
export const aRefund = (changes: Partial<Refund> = {}): Refund => ({
  outRefundNo: toOutRefundNo(R1),
  transactionId: PAYMENT.transactionId,
  state: 'requested',
  refundFee: toFen(30),
  totalFee: toFen(100),
  reason: '缺货',
  notifyUrl: 'https://pay.test/notify/refund',
  source: 'shop',
  requestedAt: NOW,
  startedAt: undefined,
  acceptedAt: undefined,
  endedAt: undefined,
  refundId: undefined,
  receivedBy: undefined,
  errCode: undefined,
  errCodeDes: undefined,
  ...changes,
})

/** What WeChat says of {@link aRefund}. */
export const aRecord = (changes: Partial<RefundRecord> = {}): RefundRecord => ({
  outRefundNo: toOutRefundNo(R1),
  transactionId: PAYMENT.transactionId,
  refundId: '50000405502024010200000000001',
  refundFee: toFen(30),
  status: 'processing',
  succeededAt: undefined,
  receivedBy: undefined,
  ...changes,
})

export const paidView = (
  refunds: readonly Refund[] = [],
  payments: readonly Payment[] = [PAYMENT],
): OrderView => ({
  ...aView(
    { state: 'paid', revision: 5, transactionId: PAYMENT.transactionId, paidAt: PAYMENT.paidAt },
    [anAttempt({ state: 'paid' })],
    payments,
  ),
  refunds,
})

export const secondPayment = (changes: Partial<Payment> = {}): Payment =>
  aPayment({ transactionId: OTHER_TRANSACTION, ...changes })

export type Changed = Extract<Step, { kind: 'changed' }>

export function changeBy(before: OrderView, event: OrderEvent, now: UnixSeconds = NOW): Changed {
  const step = transition(before, event, now)
  if (!step.ok) throw new Error(step.error.reason)
  if (step.value.kind === 'unchanged') throw new Error('unchanged')
  return step.value
}

/** `changed`, `unchanged`, or why not. */
export function outcomeOf(before: OrderView, event: OrderEvent, now: UnixSeconds = NOW) {
  const step = transition(before, event, now)
  return step.ok ? step.value.kind : step.error
}

/** All events, one after the other, each of which must change something; the webhooks of all of them. */
export function story(before: OrderView, events: readonly OrderEvent[]) {
  let view = before
  const webhooks: string[] = []
  const reviews: string[] = []
  for (const event of events) {
    const step = changeBy(view, event)
    view = step.after
    webhooks.push(...step.webhooks.map(({ type, subject }) => `${type}.${subject}`))
    reviews.push(...step.reviews.map(({ kind, subject }) => `${kind}.${subject}`))
  }
  return { view, webhooks, reviews }
}
