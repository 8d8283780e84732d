/** The part of `transition` for payments. Pure; only `transition` calls it. */
import { err, type Result } from '../../lib/result.ts'
import type { UnixSeconds } from '../time.ts'
import type { Attempt } from './attempt.ts'
import { changed, illegal, type Step, unchanged, withAttempt } from './change.ts'
import { findAttempt, type Order, type OrderView, type PaymentEvent } from './order.ts'
import { checkPayment } from './payment-check.ts'
import type { BookedPayment, Payment, Source } from './payment.ts'
import { automaticRefundUrl, goesBack, mayKeep, type RefundPolicy } from './refund-policy.ts'
import { automaticRefund, type Refund } from './refund.ts'
import type { Rejection } from './rejection.ts'
import { paymentReview } from './reviews.ts'

type Of<T extends PaymentEvent['type']> = Extract<PaymentEvent, { type: T }>

/** Decides what an event does to the payments of an order, and to the order by them. */
export function paymentTransition(
  before: OrderView,
  event: PaymentEvent,
  now: UnixSeconds,
): Result<Step, Rejection> {
  switch (event.type) {
    case 'payment_booked':
      return onPaymentBooked(before, event, now)
    case 'second_payment_recorded':
      return onSecondPayment(before, event, now)
    case 'payment_accepted':
      return onPaymentAccepted(before, event)
    case 'payment_restored':
      return onPaymentRestored(before, event, now)
  }
}

/**
 * The reasons of automatic refunds, which WeChat shows to the payer: "order closed, refunded automatically"
 * and "paid twice, refunded automatically".
 */
const LATE_REASON = '订单已关闭，自动退款'
const SECOND_REASON = '重复支付，自动退款'

/** Whether the payment is recorded already, by WeChat's report or because the operator accepted it. */
const isBooked = (view: OrderView, payment: Payment): boolean =>
  view.payments.some(
    (each) =>
      each.transactionId === payment.transactionId &&
      each.outTradeNo === payment.outTradeNo &&
      each.totalFee === payment.totalFee &&
      each.feeType === payment.feeType,
  )

/** Why a payment does not fit its attempt, or its order: another attempt may have its transaction_id. */
function rejectionOf(
  before: OrderView,
  attempt: Attempt,
  payment: Payment,
  source: Source,
): Rejection | undefined {
  const known = before.payments.find((each) => each.transactionId === payment.transactionId)
  return known !== undefined && known.outTradeNo !== payment.outTradeNo
    ? { reason: 'transaction_conflict', recordedFor: known.outTradeNo }
    : checkPayment(attempt, payment, source)
}

/** Whether the shop changed the price or the payer after the attempt was opened. */
const isOutdated = ({ terms }: Attempt, order: Order): boolean =>
  terms.totalFee !== order.terms.totalFee ||
  (order.terms.openid !== undefined && order.terms.openid !== terms.openid)

function onPaymentBooked(
  before: OrderView,
  { payment, source, policy }: Of<'payment_booked'>,
  now: UnixSeconds,
): Result<Step, Rejection> {
  if (isBooked(before, payment)) return unchanged
  const attempt = findAttempt(before, payment.outTradeNo)
  if (attempt === undefined) return err({ reason: 'unknown_order' })
  const wrong = rejectionOf(before, attempt, payment, source)
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
      const returned = goesBack(policy, late)
      const evidence: Record<string, number> = outdated
        ? { order_total_fee: order.terms.totalFee }
        : {}
      const booked = bookedPayment(payment, source, returned, now)
      return changed(
        before,
        {
          attempts: withAttempt(before, { ...attempt, state: 'paid' }),
          payments: [...before.payments, booked],
          refunds: [
            ...before.refunds,
            ...(returned ? refundOf(booked, policy, LATE_REASON, now) : []),
          ],
        },
        // A payment that goes back leaves the order as it is, so that the payer can still pay it.
        returned ? {} : { state: 'paid', transactionId, paidAt: payment.paidAt },
        [{ type: returned ? 'payment.returned' : 'order.paid', subject: transactionId }],
        late ? [paymentReview('late_payment', payment, order.ordercode, source, evidence)] : [],
      )
    }
  }
}

function onSecondPayment(
  before: OrderView,
  { payment, source, policy }: Of<'second_payment_recorded'>,
  now: UnixSeconds,
): Result<Step, Rejection> {
  if (isBooked(before, payment)) return unchanged
  const { order } = before
  const attempt = findAttempt(before, payment.outTradeNo)
  if (order.state !== 'paid' || order.transactionId === undefined) return illegal
  if (attempt === undefined) return err({ reason: 'unknown_order' })
  const wrong = rejectionOf(before, attempt, payment, source)
  if (wrong !== undefined) return err(wrong)

  const recorded = { recorded: order.transactionId }
  const booked = bookedPayment(payment, source, policy.kind === 'returned', now)
  return changed(
    before,
    {
      attempts: withAttempt(before, { ...attempt, state: 'paid' }),
      payments: [...before.payments, booked],
      refunds: [...before.refunds, ...refundOf(booked, policy, SECOND_REASON, now)],
    },
    {},
    [],
    [paymentReview('second_payment', payment, order.ordercode, source, recorded)],
  )
}

/**
 * Keeps a returned payment whose money did not go back. The order becomes paid by it. If another payment has
 * made the order paid meanwhile, this one is a second payment, which nothing refunds automatically.
 */
function onPaymentAccepted(
  before: OrderView,
  { transactionId }: Of<'payment_accepted'>,
): Result<Step, Rejection> {
  const { order } = before
  const payment = before.payments.find((each) => each.transactionId === transactionId)
  if (payment === undefined) return illegal
  if (!payment.returned) return unchanged
  if (!mayKeep(payment, before.refunds)) return illegal
  const kept = { ...payment, returned: false }
  const payments = before.payments.map((each) => (each === payment ? kept : each))
  if (order.state === 'paid') {
    const recorded = order.transactionId === undefined ? {} : { recorded: order.transactionId }
    const review = paymentReview('second_payment', kept, order.ordercode, 'operator', recorded)
    return changed(before, { payments }, {}, [], [review])
  }
  return changed(before, { payments }, { state: 'paid', transactionId, paidAt: payment.paidAt }, [
    { type: 'order.paid', subject: transactionId },
  ])
}

/**
 * Records a payment together with its attempt, which was lost with a restore of the database. The order that the
 * shop has registered again must have the payment's amount and payer.
 */
function onPaymentRestored(
  before: OrderView,
  { payment, attempt }: Of<'payment_restored'>,
  now: UnixSeconds,
): Result<Step, Rejection> {
  if (isBooked(before, payment)) return unchanged
  const { order } = before
  const isTaken = before.attempts.some(({ number }) => number === attempt.number)
  if (isTaken || attempt.outTradeNo !== payment.outTradeNo) return illegal
  if (isOutdated(attempt, order)) {
    return err({ reason: 'amount_mismatch', expected: order.terms.totalFee, got: payment.totalFee })
  }
  const booked = bookedPayment(payment, 'operator', false, now)
  const change = {
    attempts: [...before.attempts, attempt].toSorted((a, b) => a.number - b.number),
    payments: [...before.payments, booked],
  }
  const { transactionId } = payment
  if (order.state === 'paid') {
    const recorded = order.transactionId === undefined ? {} : { recorded: order.transactionId }
    const review = paymentReview('second_payment', payment, order.ordercode, 'operator', recorded)
    return changed(before, change, {}, [], [review])
  }
  return changed(before, change, { state: 'paid', transactionId, paidAt: payment.paidAt }, [
    { type: 'order.paid', subject: transactionId },
  ])
}

/** The payment as it is recorded. Only a notice is not WeChat's answer to a query. */
const bookedPayment = (
  payment: Payment,
  source: Source,
  returned: boolean,
  now: UnixSeconds,
): BookedPayment => ({
  ...payment,
  returned,
  confirmedAt: source === 'notice' ? undefined : now,
})

/** The automatic refund of the payment: one, or none if the policy does not refund automatically. */
function refundOf(
  payment: BookedPayment,
  policy: RefundPolicy,
  reason: string,
  now: UnixSeconds,
): readonly Refund[] {
  const notifyUrl = automaticRefundUrl(policy)
  return notifyUrl === undefined ? [] : [automaticRefund(payment, { notifyUrl, reason }, now)]
}
