import { toFen } from '../../core/money.ts'
import { findRefund } from '../../core/order/refund-transition.ts'
import {
  automaticOutRefundNo,
  isReserved,
  ofPayment,
  reservedFee,
} from '../../core/order/refund.ts'
import { mayRefund, type StoredReview } from '../../core/review.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import type { Deps } from '../../ports/deps.ts'
import { confirmPayment } from '../refund/confirm-payment.ts'
import { recordPayment } from '../order/record-payment.ts'
import { requestRefund } from '../refund/request-refund.ts'
import { sendRefund } from '../refund/send-refund.ts'
import type { NotConfirmed } from './accept-payment.ts'
import { paymentOf } from './reviewed-payment.ts'

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
        | 'misconfigured'
        | 'refund_refused'
        | 'order_busy'
        | 'wechat_unavailable'
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
  if (deps.config.refundNotifyUrl === undefined) return err({ reason: 'refund_not_configured' })
  const payment = paymentOf(review)
  const { transactionId } = payment
  if (review.ordercode === undefined) return err({ reason: 'action_not_allowed' })
  // A notice may have been forged with the transaction_id of another payment, so WeChat is asked first.
  const { kind, words } = await confirmPayment(deps, review.ordercode, payment)
  if (kind === 'unknown') return err({ reason: 'wechat_unavailable' })
  if (kind !== 'confirmed') return err({ reason: 'payment_not_confirmed', wechat: words })
  const recorded = await recordPayment(deps, {
    payment,
    source: 'operator',
    policy: { kind: 'returned' },
    refunded: false,
  })
  if (!recorded.ok) return err({ reason: 'action_not_allowed' })

  const { order, refunds } = recorded.value
  const outRefundNo = automaticOutRefundNo(transactionId)
  const known = findRefund(recorded.value, outRefundNo)
  if (known !== undefined) {
    if (!isReserved(known)) return err({ reason: 'refund_refused' })
    if (known.state !== 'requested') return ok(undefined)
    const lease = await deps.refunds.acquireSendLease(order.ordercode, outRefundNo, deps.now())
    if (lease === undefined) return ok(undefined)
    const sent = await sendRefund(deps, recorded.value, known, lease)
    if (sent.kind === 'misconfigured') return err({ reason: 'misconfigured' })
    const now = findRefund(sent.view, outRefundNo) ?? known
    return isReserved(now) ? ok(undefined) : err({ reason: 'refund_refused' })
  }
  const left = payment.totalFee - reservedFee(ofPayment(refunds, transactionId))
  if (left <= 0) return ok(undefined)
  const request = { outRefundNo, refundFee: toFen(left), reason: undefined, transactionId }
  const requested = await requestRefund(deps, order.ordercode, request, 'operator')
  if (requested.ok) {
    return isReserved(requested.value.refund) ? ok(undefined) : err({ reason: 'refund_refused' })
  }
  const { reason } = requested.error
  if (reason === 'misconfigured') return err({ reason })
  return err({ reason: reason === 'contended' ? 'order_busy' : 'action_not_allowed' })
}
