/** A paid order and refunds of it that fit each other. A test changes the fields that it is about. */
import { toFen } from '../../src/core/money.ts'
import type { Step } from '../../src/core/order/change.ts'
import type { OrderEvent, OrderView } from '../../src/core/order/order.ts'
import type { Payment } from '../../src/core/order/payment.ts'
import {
  type Refund,
  type RefundRecord,
  type RefundState,
  toOutRefundNo,
} from '../../src/core/order/refund.ts'
import { transition } from '../../src/core/order/transition.ts'
import type { UnixSeconds } from '../../src/core/time.ts'
import {
  MERCHANT_IDS,
  anAttempt,
  aPayment,
  at,
  aTransactionId,
  aView,
  PAYMENT,
} from './order-samples.ts'

/** Every state of a refund. */
export const REFUND_STATES: readonly RefundState[] = [
  'requested',
  'processing',
  'succeeded',
  'refused',
  'abnormal',
  'closed',
  'cancelled',
]

// Sample refund numbers (out_refund_no).
export const R1 = 'R20240102030405_0001'
export const R2 = 'R20240102030405_0002'
export const R3 = 'R20240102030405_0003'
/** The transaction_id of a second payment. */
export const OTHER_TRANSACTION = aTransactionId('4200000540202401029999999999')

/** The time of the events below: an hour after T0. */
export const NOW = at(3_600)

/** A refund of 30 of 100 fen that is requested and not sent yet; with changes. */
export const aRefund = (changes: Partial<Refund> = {}): Refund => ({
  ...MERCHANT_IDS,
  outRefundNo: toOutRefundNo(R1),
  transactionId: PAYMENT.transactionId,
  state: 'requested',
  refundFee: toFen(30),
  totalFee: toFen(100),
  reason: '缺货',
  notifyUrl: 'https://pay.test/notify/refund',
  account: 'unsettled',
  source: 'shop',
  actor: 'shop',
  requestedAt: NOW,
  startedAt: undefined,
  acceptedAt: undefined,
  endedAt: undefined,
  cancelledAt: undefined,
  refundId: undefined,
  receivedBy: undefined,
  errCode: undefined,
  errCodeDes: undefined,
  ...changes,
})

/** WeChat's record of {@link aRefund}, as refundquery returns it; with changes. */
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

/** Makes the paid sample order with the given refunds. */
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

/** A second payment of the same attempt, with changes. */
export const secondPayment = (changes: Partial<Payment> = {}): Payment =>
  aPayment({ transactionId: OTHER_TRANSACTION, ...changes })

/** The result of a transition that changed an order. */
export type Changed = Extract<Step, { kind: 'changed' }>

/** Applies an event. @throws Error when it is rejected or changes nothing. */
export function changeBy(before: OrderView, event: OrderEvent, now: UnixSeconds = NOW): Changed {
  const step = transition(before, event, now)
  if (!step.ok) throw new Error(step.error.reason)
  if (step.value.kind === 'unchanged') throw new Error('unchanged')
  return step.value
}

/** Applies an event. @returns `changed`, `unchanged`, or the rejection. */
export function outcomeOf(before: OrderView, event: OrderEvent, now: UnixSeconds = NOW) {
  const step = transition(before, event, now)
  return step.ok ? step.value.kind : step.error
}

/** Applies all events in order, each of which must change something. @returns the last view, and all webhooks and reviews. */
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
