/** The part of `transition` for refunds. Pure; only `transition` calls it. */
import { err, type Result } from '../../lib/result.ts'
import type { UnixSeconds } from '../time.ts'
import { changed, illegal, type Step, unchanged } from './change.ts'
import type { OrderView, RefundEvent } from './order.ts'
import { type HeldLease, nextStartAt } from './refund-schedule.ts'
import {
  countsAtWeChat,
  isReserved,
  knownFrom,
  leftOf,
  ofPayment,
  type OutRefundNo,
  type Refund,
  type RefundRecord,
  REFUNDS_MAX,
  type RefundState,
  requestedRefund,
  sameRequest,
  supersedes,
  withRefund,
} from './refund.ts'
import type { Rejection } from './rejection.ts'
import { conflictReview, refundReviews } from './reviews.ts'

type Of<T extends RefundEvent['type']> = Extract<RefundEvent, { type: T }>

/** Decides what an event does to a refund. {@link recordEvent} turns a report of WeChat into the event. */
export function refundTransition(
  before: OrderView,
  event: RefundEvent,
  now: UnixSeconds,
): Result<Step, Rejection> {
  switch (event.type) {
    case 'refund_requested':
      return onRequested(before, event)
    case 'refund_started':
      return onStarted(before, event.outRefundNo, now)
    case 'refund_refused':
      return onRefused(before, event, ['requested'], now)
    case 'refund_given_up':
      return onRefused(before, event, ['requested', 'processing'], now)
    case 'refund_cancelled':
      return onCancelled(before, event, now)
    case 'refund_discovered':
      return onDiscovered(before, event.record, now)
    case 'refund_accepted':
    case 'refund_succeeded':
    case 'refund_closed':
    case 'refund_abnormal':
      return onRecord(before, event.record, now)
  }
}

/**
 * The event for WeChat's report about a refund: `refund_discovered` when our records do not have the refund.
 */
export function recordEvent(before: OrderView, record: RefundRecord): RefundEvent {
  if (findRefund(before, record.outRefundNo) === undefined) {
    return { type: 'refund_discovered', record }
  }
  switch (record.status) {
    case 'processing':
      return { type: 'refund_accepted', record }
    case 'succeeded':
      return { type: 'refund_succeeded', record }
    case 'closed':
      return { type: 'refund_closed', record }
    case 'abnormal':
      return { type: 'refund_abnormal', record }
  }
}

/** Finds a refund. @returns undefined when the order has no refund with this number. */
export const findRefund = (view: OrderView, number: OutRefundNo): Refund | undefined =>
  view.refunds.find(({ outRefundNo }) => outRefundNo === number)

const othersOf = (view: OrderView, { transactionId, outRefundNo }: Refund): readonly Refund[] =>
  ofPayment(view.refunds, transactionId).filter((each) => each.outRefundNo !== outRefundNo)

function onRequested(
  before: OrderView,
  { refund, dayLeft }: Of<'refund_requested'>,
): Result<Step, Rejection> {
  const known = findRefund(before, refund.outRefundNo)
  if (known !== undefined) {
    return sameRequest(known, refund) ? unchanged : err({ reason: 'refund_conflict' })
  }
  const payment = before.payments.find((each) => each.transactionId === refund.transactionId)
  if (payment === undefined) return err({ reason: 'order_not_paid' })
  const others = ofPayment(before.refunds, refund.transactionId)
  const left = leftOf(payment, others)
  if (refund.refundFee > left) return err({ reason: 'refund_exceeds_payment', left })
  if (others.filter(countsAtWeChat).length >= REFUNDS_MAX) {
    return err({ reason: 'too_many_refunds' })
  }
  if (dayLeft !== undefined && refund.refundFee > dayLeft) {
    return err({ reason: 'refund_limit_reached', left: dayLeft })
  }
  return changed(before, { refunds: [...before.refunds, refund] })
}

/** Marks a refund as started. From then on, it may have reached WeChat. */
function onStarted(
  before: OrderView,
  number: OutRefundNo,
  now: UnixSeconds,
): Result<Step, Rejection> {
  const refund = findRefund(before, number)
  if (refund?.state !== 'requested') return illegal
  if (refund.startedAt !== undefined) return unchanged
  if (nextStartAt(othersOf(before, refund), now) !== undefined) return illegal
  return changed(before, { refunds: withRefund(before.refunds, { ...refund, startedAt: now }) })
}

function onRefused(
  before: OrderView,
  { outRefundNo, errCode, errCodeDes, lease }: Of<'refund_refused' | 'refund_given_up'>,
  from: readonly RefundState[],
  now: UnixSeconds,
): Result<Step, Rejection> {
  const refund = findRefund(before, outRefundNo)
  if (refund === undefined) return illegal
  if (refund.state === 'refused') return unchanged
  if (!from.includes(refund.state) || hasEnded(lease, now)) return illegal
  const after: Refund = { ...refund, state: 'refused', endedAt: now, errCode, errCodeDes }
  return changed(
    before,
    { refunds: withRefund(before.refunds, after) },
    {},
    [{ type: 'refund.failed', subject: outRefundNo }],
    refundReviews(before.payments, after, before.order.ordercode),
  )
}

/** Whether a send lease has ended, so that another sender may have sent the refund. */
const hasEnded = ({ until }: HeldLease, now: UnixSeconds): boolean => until <= now

/** Ends a refund of which WeChat knows nothing. A first send since the shop's decision refutes `never_sent`. */
function onCancelled(
  before: OrderView,
  { outRefundNo, proof, lease }: Of<'refund_cancelled'>,
  now: UnixSeconds,
): Result<Step, Rejection> {
  const refund = findRefund(before, outRefundNo)
  if (refund?.state === 'cancelled') return unchanged
  if (refund?.state !== 'requested' || hasEnded(lease, now)) return illegal
  if (proof === 'never_sent' && refund.startedAt !== undefined) return illegal
  const after: Refund = { ...refund, state: 'cancelled', cancelledAt: now, endedAt: now }
  return changed(
    before,
    { refunds: withRefund(before.refunds, after) },
    {},
    [],
    refundReviews(before.payments, after, before.order.ordercode),
  )
}

function onRecord(
  before: OrderView,
  record: RefundRecord,
  now: UnixSeconds,
): Result<Step, Rejection> {
  const refund = findRefund(before, record.outRefundNo)
  if (refund === undefined) return illegal
  if (refund.transactionId !== record.transactionId || refund.refundFee !== record.refundFee) {
    return err({ reason: 'refund_conflict' })
  }
  const { status: state } = record
  if (!supersedes(refund.state, state)) return unchanged
  const after: Refund = {
    ...refund,
    ...knownFrom(record, now),
    startedAt: refund.startedAt ?? now,
    acceptedAt: refund.acceptedAt ?? now,
    // A refund that WeChat has closed is `closed`, also if the shop had called it off.
    cancelledAt: state === 'closed' ? undefined : refund.cancelledAt,
  }
  return changed(before, { refunds: withRefund(before.refunds, after) }, {}, webhooksOf(after), [
    ...refundReviews(before.payments, after, before.order.ordercode),
    ...overdrawReviews(before, refund, record),
  ])
}

/**
 * The review of a refund that WeChat made although the payment does not have its money: its amount was released and
 * reserved anew, or refunds were made on the merchant platform meanwhile.
 */
function overdrawReviews(
  { order, payments, refunds }: OrderView,
  refund: Refund,
  record: RefundRecord,
) {
  const payment = payments.find((each) => each.transactionId === refund.transactionId)
  if (payment === undefined || record.status === 'closed') return []
  const rivals = ofPayment(refunds, refund.transactionId).filter((each) => isRival(refund, each))
  return refund.refundFee > leftOf(payment, rivals)
    ? [conflictReview(record, order.ordercode, 'refund_exceeds_payment')]
    : []
}

/** Whether another refund of the payment counts against a refund that WeChat reports to have made. */
function isRival({ state }: Refund, other: Refund): boolean {
  // WeChat may refuse a refund that it has not accepted, so one that waits does not count against another that waited.
  if (state === 'requested') return other.state !== 'requested'
  // The payment's money was reserved anew when the amount was released.
  if (!isReserved({ state })) return true
  // WeChat may have closed the refunds that it had accepted, as in `onDiscovered`.
  return other.state === 'succeeded'
}

/**
 * Records a refund that was made on the merchant platform or by another system, so that its amount counts
 * against the payment.
 */
function onDiscovered(
  before: OrderView,
  record: RefundRecord,
  now: UnixSeconds,
): Result<Step, Rejection> {
  if (findRefund(before, record.outRefundNo) !== undefined) return onRecord(before, record, now)
  const payment = before.payments.find((each) => each.transactionId === record.transactionId)
  if (payment === undefined) return err({ reason: 'order_not_paid' })
  // The refund found at WeChat, and the payment's refunds that have succeeded, must not exceed the payment together.
  // The others do not count: WeChat may refuse them or may have closed them meanwhile, and the cron learns of it later.
  const succeeded = ofPayment(before.refunds, record.transactionId).filter(
    ({ state }) => state === 'succeeded',
  )
  const left = leftOf(payment, succeeded)
  // A closed refund returned no money. Yet one of more than the payment does not belong to it.
  const most = record.status === 'closed' ? payment.totalFee : left
  if (record.refundFee > most) return err({ reason: 'refund_exceeds_payment', left })
  const { outRefundNo, refundFee } = record
  const elsewhere = {
    reason: undefined,
    notifyUrl: undefined,
    account: undefined,
    source: 'merchant_platform',
  } as const
  const refund: Refund = {
    ...requestedRefund(payment, { outRefundNo, refundFee, ...elsewhere }, now),
    acceptedAt: now,
    ...knownFrom(record, now),
  }
  return changed(
    before,
    { refunds: [...before.refunds, refund] },
    {},
    webhooksOf(refund),
    refundReviews(before.payments, refund, before.order.ordercode),
  )
}

function webhooksOf({ state, outRefundNo: subject }: Refund) {
  if (state === 'succeeded') return [{ type: 'refund.succeeded', subject } as const]
  if (state === 'closed') return [{ type: 'refund.failed', subject } as const]
  return []
}
