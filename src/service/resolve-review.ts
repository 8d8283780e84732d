import { isLive } from '../core/attempt.ts'
import { parseTransactionId, toOutTradeNo } from '../core/ids.ts'
import { toFen } from '../core/money.ts'
import { findAttempt } from '../core/order.ts'
import type { Payment } from '../core/payment.ts'
import { automaticOutRefundNo, ofPayment, reservedFee } from '../core/refund.ts'
import { invariant, err, ok, type Result } from '../core/result.ts'
import {
  keepsAttemptOpen,
  mayAccept,
  mayRefund,
  type ReviewAction,
  type StoredReview,
} from '../core/review.ts'
import { toUnixSeconds } from '../core/time.ts'
import { applyEvent } from './apply-event.ts'
import type { Deps } from './ports.ts'
import { requestRefund } from './request-refund.ts'
import { settlePayment } from './settle-payment.ts'

export type ResolveError = Readonly<{
  reason:
    | 'review_not_found'
    | 'review_resolved'
    | 'action_not_allowed'
    | 'refund_not_configured'
    | 'misconfigured'
}>

/**
 * Closes a review with a person's word. `accept` first books the payment, `refund` first returns it, so
 * that a crash between the two leaves the review open, to be resolved again with the same outcome.
 */
export async function resolveReview(
  deps: Deps,
  id: string,
  resolution: Resolution,
): Promise<Result<StoredReview, ResolveError>> {
  const review = await deps.store.findReview(id)
  if (review === undefined) return err({ reason: 'review_not_found' })
  if (review.resolvedAt !== undefined) {
    return isSame(review, resolution) ? ok(review) : err({ reason: 'review_resolved' })
  }
  if (resolution.action === 'refund') {
    const refunded = await refundPayment(deps, review)
    if (!refunded.ok) return refunded
  } else if (resolution.action === 'accept') {
    if (!mayAccept(review.kind)) return err({ reason: 'action_not_allowed' })
    const booked = await settlePayment(deps, paymentOf(review), 'operator')
    if (!booked.ok) return err({ reason: 'action_not_allowed' })
  } else {
    await settleAttempt(deps, review)
  }

  const resolved = await deps.store.resolveReview(id, resolution, deps.now())
  deps.log({ event: 'review_resolved', kind: review.kind, resolved })
  const after = await deps.store.findReview(id)
  if (after === undefined) return err({ reason: 'review_not_found' })
  return isSame(after, resolution) ? ok(after) : err({ reason: 'review_resolved' })
}

/** Returns what is left of the payment. One that a person never accepted is booked first, as returned. */
async function refundPayment(
  deps: Deps,
  review: StoredReview,
): Promise<Result<void, ResolveError>> {
  if (!mayRefund(review.kind)) return err({ reason: 'action_not_allowed' })
  if (deps.config.refundNotifyUrl === undefined) return err({ reason: 'refund_not_configured' })
  const payment = paymentOf(review)
  const { transactionId } = payment
  const booked = await settlePayment(deps, payment, 'operator', true)
  if (!booked.ok) return err({ reason: 'action_not_allowed' })

  const { order, refunds } = booked.value
  const outRefundNo = automaticOutRefundNo(transactionId)
  const known = ofPayment(refunds, transactionId)
  const left = payment.totalFee - reservedFee(known)
  if (left === 0 || known.some((each) => each.outRefundNo === outRefundNo)) return ok(undefined)
  const refundFee = toFen(left)
  const request = { outRefundNo, refundFee, reason: undefined, transactionId }
  const requested = await requestRefund(deps, order.ordercode, request, 'operator')
  if (requested.ok) return ok(undefined)
  const { reason } = requested.error
  return err({ reason: reason === 'misconfigured' ? reason : 'action_not_allowed' })
}

type Resolution = Readonly<{ note: string; action: ReviewAction | undefined }>

const isSame = (review: StoredReview, { note, action }: Resolution): boolean =>
  review.note === note && review.action === action

/**
 * A payment that a person has dealt with elsewhere would keep its attempt, and so its order, open for
 * ever: WeChat goes on saying "paid". With the person's word the attempt is over.
 */
async function settleAttempt(deps: Deps, review: StoredReview): Promise<void> {
  if (!keepsAttemptOpen(review.kind) || review.ordercode === undefined) return
  const view = await deps.store.load(review.ordercode)
  const { outTradeNo } = paymentOf(review)
  const attempt = view === undefined ? undefined : findAttempt(view, outTradeNo)
  if (view === undefined || attempt === undefined || !isLive(attempt)) return
  await applyEvent(deps, view, { type: 'attempt_closed', outTradeNo, reason: 'settled_by_person' })
}

/** The payment as it was when the review was opened. */
function paymentOf({ evidence }: StoredReview): Payment {
  const text = (name: string): string => String(evidence[name] ?? '')
  const fen = (name: string) => toFen(Number(evidence[name]))
  const transactionId = parseTransactionId(text('transaction_id'))
  invariant(transactionId !== undefined, 'the review of a payment names it')
  return {
    transactionId,
    outTradeNo: toOutTradeNo(text('out_trade_no')),
    openid: text('openid'),
    tradeType: text('trade_type'),
    feeType: text('fee_type'),
    totalFee: fen('total_fee'),
    cashFee: evidence['cash_fee'] === undefined ? undefined : fen('cash_fee'),
    bankType: evidence['bank_type'] === undefined ? undefined : text('bank_type'),
    paidAt: toUnixSeconds(Number(evidence['paid_at'])),
  }
}
