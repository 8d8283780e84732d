/** The part of `transition` for refunds. Pure; only `transition` calls it. */
import { err, type Result } from '../../lib/result.ts'
import { type Fen, toFen } from '../money.ts'
import type { UnixSeconds } from '../time.ts'
import { changed, illegal, type Step, unchanged } from './change.ts'
import type { OrderView, RefundEvent } from './order.ts'
import type { BookedPayment } from './payment.ts'
import { nextStartAt } from './refund-schedule.ts'
import {
  automaticOutRefundNo,
  isFinal,
  isReserved,
  ofPayment,
  type OutRefundNo,
  type Refund,
  type RefundRecord,
  REFUNDS_MAX,
  type RefundState,
  requestedRefund,
  reservedFee,
} from './refund.ts'
import type { Rejection } from './rejection.ts'
import { refundReview } from './reviews.ts'

type Of<T extends RefundEvent['type']> = Extract<RefundEvent, { type: T }>

/** Decides what an event does to a refund. {@link recordEvent} turns a report of WeChat into the event. */
export function refundTransition(
  before: OrderView,
  event: RefundEvent,
  now: UnixSeconds,
): Result<Step, Rejection> {
  switch (event.type) {
    case 'refund_requested':
      return onRequested(before, event.refund)
    case 'refund_started':
      return onStarted(before, event.outRefundNo, now)
    case 'refund_refused':
      return onRefused(before, event, ['requested'], now)
    case 'refund_given_up':
      return onRefused(before, event, ['requested', 'processing'], now)
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

/** The automatic refund of a late or second payment, in full. The cron sends it. */
export const automaticRefund = (
  payment: BookedPayment,
  given: Readonly<{ notifyUrl: string; reason: string }>,
  now: UnixSeconds,
): Refund => {
  const outRefundNo = automaticOutRefundNo(payment.transactionId)
  const refundFee = payment.totalFee
  return requestedRefund(payment, { ...given, outRefundNo, refundFee, source: 'automatic' }, now)
}

const withRefund = (view: OrderView, after: Refund): readonly Refund[] =>
  view.refunds.map((refund) => (refund.outRefundNo === after.outRefundNo ? after : refund))

const othersOf = (view: OrderView, { transactionId, outRefundNo }: Refund): readonly Refund[] =>
  ofPayment(view.refunds, transactionId).filter((each) => each.outRefundNo !== outRefundNo)

const sameRequest = (a: Refund, b: Refund): boolean =>
  a.transactionId === b.transactionId && a.refundFee === b.refundFee && a.reason === b.reason

function onRequested(before: OrderView, refund: Refund): Result<Step, Rejection> {
  const known = findRefund(before, refund.outRefundNo)
  if (known !== undefined) {
    return sameRequest(known, refund) ? unchanged : err({ reason: 'refund_conflict' })
  }
  const payment = before.payments.find((each) => each.transactionId === refund.transactionId)
  if (payment === undefined) return err({ reason: 'order_not_paid' })
  const others = ofPayment(before.refunds, refund.transactionId)
  const left = leftOf(payment, others)
  if (refund.refundFee > left) return err({ reason: 'refund_exceeds_payment', left })
  if (others.filter(({ state }) => state !== 'refused').length >= REFUNDS_MAX) {
    return err({ reason: 'too_many_refunds' })
  }
  return changed(before, { refunds: [...before.refunds, refund] })
}

/**
 * The amount of a payment that can still be refunded. Zero, never negative, when requested refunds and
 * refunds that were made on the merchant platform together exceed the payment.
 */
const leftOf = (payment: BookedPayment, refunds: readonly Refund[]): Fen =>
  toFen(Math.max(0, payment.totalFee - reservedFee(refunds)))

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
  return changed(before, { refunds: withRefund(before, { ...refund, startedAt: now }) })
}

function onRefused(
  before: OrderView,
  { outRefundNo, errCode, errCodeDes }: Of<'refund_refused' | 'refund_given_up'>,
  from: readonly RefundState[],
  now: UnixSeconds,
): Result<Step, Rejection> {
  const refund = findRefund(before, outRefundNo)
  if (refund === undefined) return illegal
  if (refund.state === 'refused') return unchanged
  if (!from.includes(refund.state)) return illegal
  const after: Refund = { ...refund, state: 'refused', endedAt: now, errCode, errCodeDes }
  return changed(
    before,
    { refunds: withRefund(before, after) },
    {},
    [{ type: 'refund.failed', subject: outRefundNo }],
    reviewsOf(before, after),
  )
}

/**
 * Whether a reported state is newer than the known one. WeChat reports late and repeatedly, and an older
 * report must change nothing.
 */
function supersedes(known: RefundState, reported: RefundState): boolean {
  if (known === reported || known === 'succeeded') return false
  if (reported === 'processing') return known === 'requested' || known === 'refused'
  return known !== 'closed' || reported === 'succeeded'
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
  const after: Refund = { ...refund, ...knownFrom(record, now), startedAt: refund.startedAt ?? now }
  return changed(
    before,
    { refunds: withRefund(before, { ...after, acceptedAt: refund.acceptedAt ?? now }) },
    {},
    webhooksOf(after),
    reviewsOf(before, after),
  )
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
  // The refund found at WeChat, and the payment's refunds that WeChat has accepted, must not exceed the payment
  // together. Refunds that WeChat has not accepted do not count, because WeChat may refuse them.
  const accepted = ofPayment(before.refunds, record.transactionId).filter(
    (each) => isReserved(each) && each.state !== 'requested',
  )
  const left = leftOf(payment, accepted)
  if (record.status !== 'closed' && record.refundFee > left) {
    return err({ reason: 'refund_exceeds_payment', left })
  }
  const { outRefundNo, refundFee } = record
  const elsewhere = {
    reason: undefined,
    notifyUrl: undefined,
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
    reviewsOf(before, refund),
  )
}

function knownFrom(record: RefundRecord, now: UnixSeconds) {
  const { status: state } = record
  return {
    state,
    refundId: record.refundId,
    receivedBy: record.receivedBy,
    endedAt: isFinal({ state }) ? (record.succeededAt ?? now) : undefined,
    errCode: undefined,
    errCodeDes: undefined,
  }
}

function webhooksOf({ state, outRefundNo: subject }: Refund) {
  if (state === 'succeeded') return [{ type: 'refund.succeeded', subject } as const]
  if (state === 'closed') return [{ type: 'refund.failed', subject } as const]
  return []
}

/** The review of a refund that returned no money, because a person must return the money another way. */
function reviewsOf({ order, payments }: OrderView, refund: Refund) {
  const { state, source, transactionId } = refund
  // `abnormal`: WeChat cannot return the money, because the payer's card was cancelled or frozen.
  if (state === 'abnormal') return [refundReview('refund_abnormal', refund, order.ordercode)]
  // If a refund that the shop requested fails, a webhook tells the shop. The shop does not know the numbers of
  // refunds that the Worker or the operator requested, so their failure opens a review. The failed refund of
  // a returned payment always opens one: the order is not paid by the payment, and the money is still here.
  const isOurs = source === 'automatic' || source === 'operator'
  const isOfReturned = payments.some(
    (each) => each.transactionId === transactionId && each.returned,
  )
  return (isOurs || isOfReturned) && !isReserved(refund)
    ? [refundReview('refund_failed', refund, order.ordercode)]
    : []
}
