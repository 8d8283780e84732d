import { parseOutTradeNo } from '../../core/ids.ts'
import { isOurs } from '../../core/merchant.ts'
import { restoredAttempt } from '../../core/order/attempt.ts'
import { mayAccept, type StoredReview } from '../../core/review.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import type { Deps } from '../../ports/deps.ts'
import type { Words } from '../../ports/wechat.ts'
import { applyEvent } from '../apply-event.ts'
import { type Confirmation, confirmPayment } from '../refund/confirm-payment.ts'
import { recordPayment } from '../order/record-payment.ts'
import { refundsAtWeChat } from '../refund/refunds-at-wechat.ts'
import { paymentOf, reviewedAttempt, reviewedIds, transactionOf } from './reviewed-payment.ts'

type AcceptPaymentDeps = Pick<
  Deps,
  'config' | 'deliverSoon' | 'log' | 'now' | 'orders' | 'reviews' | 'wechat'
>

/** Why a payment was not accepted. Each reason is an error code of the HTTP interface. */
export type AcceptError =
  /**
   * `order_not_registered`: the order of a payment that was lost with a restore must be registered again first.
   * `ids_unknown`: the review was opened by a version that did not store the payment's appid and merchant number.
   */
  | Readonly<{
      reason:
        | 'action_not_allowed'
        | 'order_busy'
        | 'wechat_unavailable'
        | 'order_not_registered'
        | 'ids_unknown'
        | 'other_merchant'
    }>
  | NotConfirmed

/** WeChat does not confirm the payment as the review has it; `wechat` has WeChat's own words. */
export type NotConfirmed = Readonly<{ reason: 'payment_not_confirmed'; wechat: Words }>

/**
 * Keeps the payment under review, so that its order becomes paid. WeChat is asked first: meanwhile the money may
 * have gone back by hand.
 */
export async function acceptPayment(
  deps: AcceptPaymentDeps,
  review: StoredReview,
): Promise<Result<void, AcceptError>> {
  if (!mayAccept(review.kind)) return err({ reason: 'action_not_allowed' })
  if (review.kind === 'unknown_order') return restorePayment(deps, review)
  if (review.ordercode === undefined) return err({ reason: 'action_not_allowed' })
  return review.kind === 'refund_failed'
    ? keepReturned(deps, review, review.ordercode)
    : recordForeign(deps, review, review.ordercode)
}

/** Records a payment that WeChat confirms and the rules reject, as the operator has decided. */
async function recordForeign(
  deps: AcceptPaymentDeps,
  review: StoredReview,
  ordercode: string,
): Promise<Result<void, AcceptError>> {
  const view = await deps.orders.load(ordercode)
  const attempt = view && reviewedAttempt(view, review)
  if (attempt === undefined) return err({ reason: 'action_not_allowed' })
  if (!isOurs(attempt.terms, deps.config)) return err({ reason: 'other_merchant' })
  const payment = paymentOf(review, attempt.terms)
  const wrong = unlessWholly(await confirmPayment(deps, ordercode, payment))
  if (wrong !== undefined) return err(wrong)
  const recording = {
    payment,
    source: 'operator',
    policy: { kind: 'keep' },
    refunded: false,
  } as const
  const recorded = await recordPayment(deps, recording)
  return recorded.ok ? ok(undefined) : err({ reason: 'action_not_allowed' })
}

/**
 * Keeps a returned payment whose refund failed. WeChat reports a payment as REFUND even when its refund was closed,
 * so the refunds themselves show whether any of the money has gone.
 */
async function keepReturned(
  deps: AcceptPaymentDeps,
  review: StoredReview,
  ordercode: string,
): Promise<Result<void, AcceptError>> {
  const transactionId = transactionOf(review)
  const view = await deps.orders.load(ordercode)
  const payment = view?.payments.find((each) => each.transactionId === transactionId)
  if (view === undefined || payment === undefined) return err({ reason: 'action_not_allowed' })
  if (!isOurs(payment, deps.config)) return err({ reason: 'other_merchant' })
  const confirmation = await confirmPayment(deps, ordercode, payment)
  const refunds = confirmation.refunded ? await refundsAtWeChat(deps, payment) : []
  if (refunds === undefined) return err({ reason: 'wechat_unavailable' })
  const refunded = refunds.some(({ status }) => status !== 'closed')
  const wrong = unlessWholly({ ...confirmation, refunded })
  if (wrong !== undefined) return err(wrong)
  const accepted = await applyEvent(deps, view, { type: 'payment_accepted', transactionId })
  if (accepted.ok) return ok(undefined)
  const isBusy = accepted.error.reason === 'contended'
  return err({ reason: isBusy ? 'order_busy' : 'action_not_allowed' })
}

/**
 * Records the payment of an order that was lost with a restore of the database, once the shop has registered the order
 * again. What is recorded is WeChat's answer: a bill, which may have opened the review, is not signed.
 */
async function restorePayment(
  deps: AcceptPaymentDeps,
  review: StoredReview,
): Promise<Result<void, AcceptError>> {
  const ids = reviewedIds(review)
  if (ids === undefined) return err({ reason: 'ids_unknown' })
  if (!isOurs(ids, deps.config)) return err({ reason: 'other_merchant' })
  const reviewed = paymentOf(review, ids)
  const key = parseOutTradeNo(reviewed.outTradeNo)
  const view = key === undefined ? undefined : await deps.orders.load(key.ordercode)
  if (key === undefined || view === undefined) return err({ reason: 'order_not_registered' })
  const confirmation = await confirmPayment(deps, key.ordercode, reviewed)
  const wrong = unlessWholly(confirmation)
  if (wrong !== undefined) return err(wrong)
  const payment = confirmation.payment ?? reviewed
  const { outTradeNo } = payment
  const terms = { ...deps.config, ...ids, body: view.order.terms.body }
  const attempt = restoredAttempt({ outTradeNo, number: key.number }, payment, terms)
  const restored = await applyEvent(deps, view, { type: 'payment_restored', payment, attempt })
  if (restored.ok) return ok(undefined)
  const isBusy = restored.error.reason === 'contended'
  return err({ reason: isBusy ? 'order_busy' : 'action_not_allowed' })
}

/** The error unless WeChat confirms the payment, and none of its money has gone back. */
function unlessWholly({ kind, refunded, words }: Confirmation): AcceptError | undefined {
  if (kind === 'unknown') return { reason: 'wechat_unavailable' }
  return kind === 'confirmed' && !refunded
    ? undefined
    : { reason: 'payment_not_confirmed', wechat: words }
}
