import { isLive } from '../../core/order/attempt.ts'
import { isOurs } from '../../core/merchant.ts'
import { mayBeUnderWay } from '../../core/order/refund-schedule.ts'
import { findRefund } from '../../core/order/refund-transition.ts'
import { parseOutRefundNo } from '../../core/order/refund.ts'
import { keepsAttemptOpen, type ReviewAction, type StoredReview } from '../../core/review.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import type { Deps } from '../../ports/deps.ts'
import { applyEvent } from '../apply-event.ts'
import { queryRefund } from '../refund/refund-status.ts'
import { type AcceptError, acceptPayment } from './accept-payment.ts'
import { type ReturnError, returnPayment } from './return-payment.ts'
import { reviewedAttempt } from './reviewed-payment.ts'

type ResolveReviewDeps = Pick<
  Deps,
  'config' | 'deliverSoon' | 'log' | 'now' | 'orders' | 'refunds' | 'reviews' | 'wechat'
>

/** Why a review was not resolved. */
export type ResolveError =
  Readonly<{ reason: 'review_not_found' | 'review_resolved' }> | AcceptError | ReturnError

/**
 * Resolves a review as the operator has decided. The action comes first:
 * `accept` records the payment, `refund` returns it. A crash after the action
 * leaves the review open, and resolving it again has the same outcome.
 */
export async function resolveReview(
  deps: ResolveReviewDeps,
  id: string,
  resolution: Resolution,
): Promise<Result<StoredReview, ResolveError>> {
  const review = await deps.reviews.find(id)
  if (review === undefined) return err({ reason: 'review_not_found' })
  if (review.resolvedAt !== undefined) {
    return isSame(review, resolution) ? ok(review) : err({ reason: 'review_resolved' })
  }
  if (resolution.action === 'refund') {
    const refunded = await returnPayment(deps, review)
    if (!refunded.ok) return refunded
  } else if (resolution.action === 'accept') {
    const accepted = await acceptPayment(deps, review)
    if (!accepted.ok) return accepted
  } else {
    if (review.kind === 'other_merchant') await deps.orders.giveUp(review.subject, deps.now())
    await closeReviewedAttempt(deps, review)
    const released = await releaseRefund(deps, review)
    if (!released.ok) return released
  }

  const resolved = await deps.reviews.resolve(id, resolution, deps.now())
  deps.log({ event: 'review_resolved', kind: review.kind, resolved })
  const after = await deps.reviews.find(id)
  if (after === undefined) return err({ reason: 'review_not_found' })
  return isSame(after, resolution) ? ok(after) : err({ reason: 'review_resolved' })
}

type Resolution = Readonly<{ note: string; action: ReviewAction | undefined }>

const isSame = (review: StoredReview, { note, action }: Resolution): boolean =>
  review.note === note && review.action === action

/**
 * Closes the attempt of a payment that the operator has dealt with outside this system. The payment is not
 * recorded, and WeChat answers every query with "paid", so nothing else would close the attempt or its order.
 */
async function closeReviewedAttempt(
  deps: Pick<Deps, 'deliverSoon' | 'now' | 'orders'>,
  review: StoredReview,
): Promise<void> {
  if (!keepsAttemptOpen(review.kind) || review.ordercode === undefined) return
  const view = await deps.orders.load(review.ordercode)
  const attempt = view && reviewedAttempt(view, review)
  if (view === undefined || attempt === undefined || !isLive(attempt)) return
  const { outTradeNo } = attempt
  await applyEvent(deps, view, { type: 'attempt_closed', outTradeNo, reason: 'settled_by_person' })
}

/**
 * Gives up a refund that WeChat never accepted, or no longer knows, and so releases the refund's amount. The
 * operator decides this by resolving the review `refund_overdue`, but the refund is given up only after a
 * query has confirmed that WeChat does not have it.
 */
async function releaseRefund(
  deps: ResolveReviewDeps,
  review: StoredReview,
): Promise<Result<void, ResolveError>> {
  const number = parseOutRefundNo(review.subject)
  if (review.kind !== 'refund_overdue' || number === undefined) return ok(undefined)
  const view = review.ordercode === undefined ? undefined : await deps.orders.load(review.ordercode)
  const refund = view === undefined ? undefined : findRefund(view, number)
  if (view === undefined || refund === undefined) return ok(undefined)
  const { ordercode } = view.order
  const { outRefundNo, state, errCode = 'GIVEN_UP', errCodeDes = '' } = refund
  if (state !== 'requested' && state !== 'processing') return ok(undefined)
  // Another merchant number would say that it has no such refund.
  if (!isOurs(refund, deps.config)) return err({ reason: 'other_merchant' })

  // While this request holds the lease, no other request sends the refund. An earlier try that may still arrive
  // at WeChat also prevents giving up.
  const lease = await deps.refunds.acquireEndLease(ordercode, number, deps.now())
  if (lease === undefined) return err({ reason: 'order_busy' })
  if (mayBeUnderWay(lease.unansweredAt, deps.now())) {
    await deps.refunds.releaseSendLease(ordercode, number, lease)
    return err({ reason: 'wechat_unavailable' })
  }
  const asked = await queryRefund(deps, view, refund)
  if (asked === 'absent') {
    const event = {
      type: 'refund_given_up',
      outRefundNo,
      errCode,
      errCodeDes,
      lease,
    } as const
    const applied = await applyEvent(deps, view, event)
    return applied.ok ? ok(undefined) : err({ reason: 'order_busy' })
  }
  await deps.refunds.releaseSendLease(ordercode, number, lease)
  if (asked.kind !== 'known') return err({ reason: 'wechat_unavailable' })
  // By resolving the review of a `requested` refund, the operator says that WeChat never accepted it. The
  // query shows that WeChat did, so the review stays open. A `processing` refund goes on, and its
  // review is resolved.
  return state === 'requested' ? err({ reason: 'order_busy' }) : ok(undefined)
}
