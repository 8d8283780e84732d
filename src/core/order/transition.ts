/**
 * The states of an order, and the events that change them. Pure: no clock, no store, no WeChat.
 *
 *     created ──attempt_opened──▶ paying ──payment_booked──▶ paid
 *        │                          │
 *        └──────order_closed────────┴──▶ closed ──payment_booked──▶ paid
 *
 * A closed order can become paid: WeChat's signed report that money moved overrules our record that nothing
 * can be paid any more. No event leads out of `paid`. Every change goes through {@link transition}; the store
 * writes the outcome with a compare-and-set on `revision`, and the event in the same batch.
 */
import { err, type Result } from '../../lib/result.ts'
import type { OutTradeNo } from '../ids.ts'
import { later, type UnixSeconds } from '../time.ts'
import { type Attempt, hasLivePrepay, isInFlight, mayBeOurs } from './attempt.ts'
import { changed, illegal, type Step, unchanged } from './change.ts'
import {
  expiryUnder,
  findAttempt,
  liveAttempt,
  nextOutTradeNo,
  type Order,
  type OrderEvent,
  type OrderView,
  sameTerms,
  type Terms,
} from './order.ts'
import { checkPayment } from './payment-check.ts'
import type { BookedPayment, Payment } from './payment.ts'
import { automaticRefund, refundTransition } from './refund-transition.ts'
import type { Rejection } from './rejection.ts'
import { paymentReview } from './reviews.ts'

/** Decides what an event does to an order. It stores nothing: the caller writes the outcome. */
export function transition(
  before: OrderView,
  event: OrderEvent,
  now: UnixSeconds,
): Result<Step, Rejection> {
  switch (event.type) {
    case 'order_changed':
      return onOrderChanged(before, event.terms)
    case 'attempt_opened':
      return onAttemptOpened(before, event.attempt)
    case 'attempt_resent':
      return onAttemptResent(before, event, now)
    case 'attempt_closing':
      return onAttemptClosing(before, event.outTradeNo, now)
    case 'attempt_closed':
      return onAttemptClosed(before, event, now)
    case 'payment_booked':
      return onPaymentBooked(before, event, now)
    case 'second_payment_recorded':
      return onSecondPayment(before, event, now)
    case 'order_closed':
      return onOrderClosed(before, now)
    default:
      return refundTransition(before, event, now)
  }
}

/**
 * The reasons of automatic refunds, which WeChat shows to the payer: "order closed, refunded automatically"
 * and "paid twice, refunded automatically".
 */
const LATE_REASON = '订单已关闭，自动退款'
const SECOND_REASON = '重复支付，自动退款'

type Of<T extends OrderEvent['type']> = Extract<OrderEvent, { type: T }>

const withAttempt = (view: OrderView, after: Attempt): readonly Attempt[] =>
  view.attempts.map((attempt) => (attempt.outTradeNo === after.outTradeNo ? after : attempt))

const isOver = (view: OrderView): boolean =>
  view.order.state === 'paid' || view.order.state === 'closed'

function onOrderChanged(before: OrderView, terms: Terms): Result<Step, Rejection> {
  const { order } = before
  if (sameTerms(order.terms, terms)) return unchanged
  // The payer could still pay a live attempt at the old price. So if an attempt is live, the terms change only if
  // it is taken down first.
  if (isOver(before) || liveAttempt(before) !== undefined) return illegal
  return changed(before, {}, { terms, expiresAt: expiryUnder(order, terms) })
}

function onAttemptOpened(before: OrderView, attempt: Attempt): Result<Step, Rejection> {
  if (isOver(before) || liveAttempt(before) !== undefined) return illegal
  if (attempt.outTradeNo !== nextOutTradeNo(before)) return illegal
  const extended = attempt.terms.timeExpire > before.order.expiresAt
  if (extended && before.order.extended) return illegal
  return changed(
    before,
    { attempts: [...before.attempts, attempt] },
    {
      state: 'paying',
      ...(extended ? { expiresAt: attempt.terms.timeExpire, extended } : {}),
    },
  )
}

function onAttemptResent(
  before: OrderView,
  { outTradeNo, codeHash }: Of<'attempt_resent'>,
  now: UnixSeconds,
): Result<Step, Rejection> {
  const attempt = findAttempt(before, outTradeNo)
  if (attempt?.state !== 'open' || before.order.state !== 'paying') return illegal
  // No two sends of an attempt share a second, so that `sentAt` tells which send an answer belongs to.
  const next = later(attempt.sentAt, 1)
  const after: Attempt = {
    ...attempt,
    sentAt: next > now ? next : now,
    answeredAt: undefined,
    unansweredAt:
      attempt.unansweredAt ?? (attempt.answeredAt === undefined ? attempt.sentAt : undefined),
    codeHash,
    codeAt: now,
  }
  return changed(before, { attempts: withAttempt(before, after) })
}

function onAttemptClosing(
  before: OrderView,
  outTradeNo: OutTradeNo,
  now: UnixSeconds,
): Result<Step, Rejection> {
  const attempt = findAttempt(before, outTradeNo)
  if (attempt?.state === 'closing') return unchanged
  if (attempt?.state !== 'open' || isInFlight(attempt, now)) return illegal
  return changed(before, { attempts: withAttempt(before, { ...attempt, state: 'closing' }) })
}

function onAttemptClosed(
  before: OrderView,
  { outTradeNo, reason }: Of<'attempt_closed'>,
  now: UnixSeconds,
): Result<Step, Rejection> {
  const attempt = findAttempt(before, outTradeNo)
  if (attempt === undefined || attempt.state === 'paid') return illegal
  if (attempt.state === 'closed') return unchanged
  // WeChat's "no such order" proves nothing while unifiedorder may be on its way, or while a prepay_id that
  // WeChat itself issued is valid: a query at WeChat may lag behind the order that WeChat created.
  const mayExist = isInFlight(attempt, now) || hasLivePrepay(attempt, now)
  if (reason === 'absent_at_wechat' && mayExist) return illegal
  if (reason === 'number_used' && mayBeOurs(attempt)) return illegal
  const after: Attempt = { ...attempt, state: 'closed', closedAt: now }
  return changed(before, { attempts: withAttempt(before, after) })
}

/** Whether the payment is recorded already, by WeChat's report or because the operator accepted it. */
const isBooked = (view: OrderView, payment: Payment): boolean =>
  view.payments.some(
    (each) =>
      each.transactionId === payment.transactionId &&
      each.outTradeNo === payment.outTradeNo &&
      each.totalFee === payment.totalFee &&
      each.feeType === payment.feeType,
  )

/** Whether the shop changed the price or the payer after the attempt was opened. */
const isOutdated = ({ terms }: Attempt, order: Order): boolean =>
  terms.totalFee !== order.terms.totalFee ||
  (order.terms.openid !== undefined && order.terms.openid !== terms.openid)

function onPaymentBooked(
  before: OrderView,
  { payment, source, returned, autoRefundNotifyUrl }: Of<'payment_booked'>,
  now: UnixSeconds,
): Result<Step, Rejection> {
  if (isBooked(before, payment)) return unchanged
  const attempt = findAttempt(before, payment.outTradeNo)
  if (attempt === undefined) return err({ reason: 'unknown_order' })
  const wrong = checkPayment(attempt, payment, source)
  if (wrong !== undefined) return err(wrong)

  const { order } = before
  const { transactionId } = payment
  switch (order.state) {
    case 'created': // The order has no attempt to pay: opening the first attempt makes the order `paying`.
      return illegal
    case 'paid':
      if (order.transactionId === undefined) return illegal
      return err({ reason: 'second_payment', recorded: order.transactionId })
    case 'paying':
    case 'closed': {
      // A payment is also late if the shop changed the price or the payer after the attempt was opened, and
      // WeChat accepted the payment nevertheless.
      const outdated = isOutdated(attempt, order)
      const late = order.state === 'closed' || outdated
      const isReturned = returned === 'yes' || (late && returned === 'if_late')
      const evidence: Record<string, number> = outdated
        ? { order_total_fee: order.terms.totalFee }
        : {}
      const booked: BookedPayment = { ...payment, returned: isReturned }
      // If `returned` is `yes`, WeChat has already refunded the payment,
      // or the operator does. An automatic refund would be a second one.
      const refunds =
        isReturned && returned === 'if_late' && autoRefundNotifyUrl !== undefined
          ? [automaticRefund(booked, { notifyUrl: autoRefundNotifyUrl, reason: LATE_REASON }, now)]
          : []
      return changed(
        before,
        {
          attempts: withAttempt(before, { ...attempt, state: 'paid' }),
          payments: [...before.payments, booked],
          refunds: [...before.refunds, ...refunds],
        },
        { state: 'paid', transactionId, paidAt: payment.paidAt },
        [{ type: isReturned ? 'payment.returned' : 'order.paid', subject: transactionId }],
        late ? [paymentReview('late_payment', payment, order.ordercode, source, evidence)] : [],
      )
    }
  }
}

function onSecondPayment(
  before: OrderView,
  { payment, source, returned, autoRefundNotifyUrl }: Of<'second_payment_recorded'>,
  now: UnixSeconds,
): Result<Step, Rejection> {
  if (isBooked(before, payment)) return unchanged
  const { order } = before
  const attempt = findAttempt(before, payment.outTradeNo)
  if (order.state !== 'paid' || order.transactionId === undefined) return illegal
  if (attempt === undefined) return err({ reason: 'unknown_order' })
  const wrong = checkPayment(attempt, payment, source)
  if (wrong !== undefined) return err(wrong)

  const recorded = { recorded: order.transactionId }
  const booked: BookedPayment = { ...payment, returned: returned === 'yes' }
  const refunds =
    autoRefundNotifyUrl === undefined || booked.returned
      ? []
      : [automaticRefund(booked, { notifyUrl: autoRefundNotifyUrl, reason: SECOND_REASON }, now)]
  return changed(
    before,
    {
      attempts: withAttempt(before, { ...attempt, state: 'paid' }),
      payments: [...before.payments, booked],
      refunds: [...before.refunds, ...refunds],
    },
    {},
    [],
    [paymentReview('second_payment', payment, order.ordercode, source, recorded)],
  )
}

function onOrderClosed(before: OrderView, now: UnixSeconds): Result<Step, Rejection> {
  switch (before.order.state) {
    case 'closed':
      return unchanged
    case 'paid':
      return illegal
    case 'created':
    case 'paying':
      if (liveAttempt(before) !== undefined) return illegal
      return changed(before, {}, { state: 'closed', closedAt: now }, [
        { type: 'order.closed', subject: before.order.ordercode },
      ])
  }
}
