import { isOurs } from '../../core/merchant.ts'
import { toFen } from '../../core/money.ts'
import { findRefund } from '../../core/order/refund-transition.ts'
import {
  automaticOutRefundNo,
  isReserved,
  ofPayment,
  type Refund,
  reservedFee,
} from '../../core/order/refund.ts'
import { mayRefund, type StoredReview } from '../../core/review.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import type { Deps } from '../../ports/deps.ts'
import { confirmPayment } from '../refund/confirm-payment.ts'
import { recordPayment } from '../order/record-payment.ts'
import { requestRefund, sendReserved } from '../refund/request-refund.ts'
import type { NotConfirmed } from './accept-payment.ts'
import { paymentOf, reviewedAttempt } from './reviewed-payment.ts'

type ReturnPaymentDeps = Pick<
  Deps,
  'config' | 'deliverSoon' | 'log' | 'now' | 'orders' | 'refunds' | 'reviews' | 'wechat'
>

/** Why a payment was not returned. Each reason is an error code of the HTTP interface. */
export type ReturnError =
  | Readonly<{
      reason:
        | 'action_not_allowed'
        | 'refund_not_configured'
        | 'refunds_paused'
        | 'refund_limit_reached'
        | 'refund_refused'
        | 'refund_cancelled'
        | 'order_busy'
        | 'wechat_unavailable'
        | 'other_merchant'
    }>
  | NotConfirmed

/**
 * Refunds the rest of a payment under review. A payment that is not recorded yet is first recorded as
 * returned. `ok` means that the money is back, under way, or reserved for a refund that will be sent.
 */
export async function returnPayment(
  deps: ReturnPaymentDeps,
  review: StoredReview,
): Promise<Result<void, ReturnError>> {
  if (!mayRefund(review.kind)) return err({ reason: 'action_not_allowed' })
  const { ordercode } = review
  if (ordercode === undefined) return err({ reason: 'action_not_allowed' })
  const view = await deps.orders.load(ordercode)
  const attempt = view && reviewedAttempt(view, review)
  if (view === undefined || attempt === undefined) return err({ reason: 'action_not_allowed' })
  if (!isOurs(attempt.terms, deps.config)) return err({ reason: 'other_merchant' })
  const payment = paymentOf(review, attempt.terms)
  const { transactionId } = payment
  const outRefundNo = automaticOutRefundNo(transactionId)
  const known = findRefund(view, outRefundNo)
  if (known === undefined && deps.config.refundLimits.paused) {
    return err({ reason: 'refunds_paused' })
  }
  if (known === undefined && deps.config.refundNotifyUrl === undefined) {
    return err({ reason: 'refund_not_configured' })
  }

  // A notice may have been forged with the transaction_id of another payment, so WeChat is asked first.
  const { kind, words } = await confirmPayment(deps, ordercode, payment)
  // What is reserved is sent sooner or later, also if this request fails.
  if (kind === 'unknown') {
    return known === undefined ? err({ reason: 'wechat_unavailable' }) : outcomeOf(known)
  }
  if (kind !== 'confirmed') return err({ reason: 'payment_not_confirmed', wechat: words })
  if (known !== undefined) {
    return outcomeOf(await sendReserved(deps, view, known, 'to_acquire'))
  }
  const recorded = await recordPayment(deps, {
    payment,
    source: 'operator',
    policy: { kind: 'returned' },
    refunded: false,
  })
  if (!recorded.ok) return err({ reason: 'action_not_allowed' })
  const left = payment.totalFee - reservedFee(ofPayment(recorded.value.refunds, transactionId))
  if (left <= 0) return ok(undefined)
  const terms = { refundFee: toFen(left), reason: undefined, account: 'unsettled' } as const
  const request = { outRefundNo, transactionId, ...terms }
  const requested = await requestRefund(deps, ordercode, request, 'operator')
  if (requested.ok) return outcomeOf(requested.value.refund)
  const { reason } = requested.error
  if (reason === 'refunds_paused' || reason === 'refund_limit_reached') return err({ reason })
  return err({ reason: reason === 'contended' ? 'order_busy' : 'action_not_allowed' })
}

/** Whether the refund of the payment under review is on its way, or why not. */
function outcomeOf(refund: Refund): Result<void, ReturnError> {
  if (isReserved(refund)) return ok(undefined)
  const reason = refund.state === 'cancelled' ? 'refund_cancelled' : 'refund_refused'
  return err({ reason })
}
