import type { TransactionId } from '../../core/ids.ts'
import { type Fen, toFen } from '../../core/money.ts'
import type { OrderView } from '../../core/order/order.ts'
import { findRefund } from '../../core/order/refund-transition.ts'
import {
  type OutRefundNo,
  type Refund,
  type RefundSource,
  requestedRefund,
} from '../../core/order/refund.ts'
import type { RefundRejection } from '../../core/order/rejection.ts'
import { transition } from '../../core/order/transition.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import type { Deps } from '../../ports/deps.ts'
import type { SendLease } from '../../ports/refund-store.ts'
import { sendRefund } from './send-refund.ts'

type RequestRefundDeps = Pick<
  Deps,
  'config' | 'deliverSoon' | 'log' | 'now' | 'orders' | 'refunds' | 'reviews' | 'wechat'
>

/** Why a refund was not accepted. With `misconfigured` the refund was accepted, but could not be sent yet. */
export type RefundError =
  | RefundRejection
  | Readonly<{
      reason: 'refund_not_configured' | 'order_not_found' | 'payment_not_found' | 'contended'
    }>
  /** The refund is reserved. The cron sends it once the operator has fixed the configuration. */
  | Readonly<{ reason: 'misconfigured'; refund: Refund }>

/** A request for a refund, from the shop or from a review. */
export type RefundRequest = Readonly<{
  outRefundNo: OutRefundNo
  refundFee: Fen
  /** The reason that WeChat shows to the payer. */
  reason: string | undefined
  /** The payment to refund; undefined for the payment that made the order paid. */
  transactionId: TransactionId | undefined
}>

/** The refund as it is stored. `created` is true when this request reserved it. */
export type Requested = Readonly<{ created: boolean; refund: Refund }>

/**
 * Accepts a refund: reserves its amount in our records, then sends the refund to WeChat. A repeated request
 * means the same refund, which is sent again as long as WeChat has not accepted it.
 */
export async function requestRefund(
  deps: RequestRefundDeps,
  ordercode: string,
  request: RefundRequest,
  source: RefundSource,
): Promise<Result<Requested, RefundError>> {
  const view = await deps.orders.load(ordercode)
  if (view === undefined) return err({ reason: 'order_not_found' })
  const notifyUrl = deps.config.refundNotifyUrl
  if (notifyUrl === undefined) {
    // A refund that exists is returned even when refunds are switched off.
    const known = findRefund(view, request.outRefundNo)
    return known?.refundFee === request.refundFee && known.reason === request.reason
      ? ok({ created: false, refund: known })
      : err({ reason: 'refund_not_configured' })
  }
  const refund = newRefund(view, request, notifyUrl, source, deps)
  if (refund === undefined) {
    const isOther = request.transactionId !== undefined && view.order.state === 'paid'
    return err({ reason: isOther ? 'payment_not_found' : 'order_not_paid' })
  }

  const { reserved, view: reservedView } = await deps.refunds.reserve(ordercode, refund, deps.now())
  if (reservedView === undefined) return err({ reason: 'order_not_found' })
  if (!reserved) {
    // The store reserved nothing, but does not say why. `transition` returns the reason as its error.
    const step = transition(reservedView, { type: 'refund_requested', refund }, deps.now())
    if (!step.ok) {
      const { error } = step
      return isRefundRejection(error) ? err(error) : err({ reason: 'contended' })
    }
    if (step.value.kind === 'changed') return numberInUse(deps, refund)
  } else {
    deps.log({ event: 'refund_requested', ordercode, out_refund_no: refund.outRefundNo })
  }
  const stored = findRefund(reservedView, refund.outRefundNo)
  if (stored === undefined) return err({ reason: 'contended' })
  if (stored.state !== 'requested') return ok({ created: reserved, refund: stored })

  const lease = await leaseFor(deps, ordercode, stored, reserved)
  // Without a lease, another refund of this payment was started less than a minute ago, so the cron sends
  // this refund later; or a concurrent request is sending it.
  if (lease === undefined) return ok({ created: reserved, refund: stored })
  const sent = await sendRefund(deps, reservedView, stored, lease)
  const after = findRefund(sent.view, refund.outRefundNo) ?? stored
  return sent.kind === 'misconfigured'
    ? err({ reason: 'misconfigured', refund: after })
    : ok({ created: reserved, refund: after })
}

/**
 * The lease for sending the refund. When the reservation also started the refund, the request that reserved
 * it holds the lease already.
 *
 * @returns undefined when this request must not send the refund.
 */
async function leaseFor(
  deps: Pick<Deps, 'now' | 'refunds'>,
  ordercode: string,
  refund: Refund,
  reserved: boolean,
): Promise<SendLease | undefined> {
  if (!reserved) return deps.refunds.acquireSendLease(ordercode, refund.outRefundNo, deps.now())
  return refund.startedAt === undefined ? undefined : { unansweredAt: undefined }
}

/**
 * The error for a refund that fits its order and yet was not
 * reserved, usually because another order uses its number.
 */
async function numberInUse(
  deps: Pick<Deps, 'refunds'>,
  refund: Refund,
): Promise<Result<never, RefundError>> {
  const owner = await deps.refunds.ordercodeOf(refund.outRefundNo)
  return err({ reason: owner === undefined ? 'contended' : 'refund_conflict' })
}

/** Makes the refund that a request describes. @returns undefined when the order has no such payment. */
function newRefund(
  view: OrderView,
  { outRefundNo, refundFee, reason, transactionId }: RefundRequest,
  notifyUrl: string,
  source: RefundSource,
  { now }: Pick<Deps, 'now'>,
): Refund | undefined {
  const wanted = transactionId ?? view.order.transactionId
  const payment = view.payments.find((each) => each.transactionId === wanted)
  if (payment === undefined) return undefined
  const terms = { outRefundNo, refundFee: toFen(refundFee), reason, notifyUrl, source }
  return requestedRefund(payment, terms, now())
}

const REJECTIONS: readonly string[] = [
  'order_not_paid',
  'refund_conflict',
  'refund_exceeds_payment',
  'too_many_refunds',
] satisfies RefundRejection['reason'][]

const isRefundRejection = (error: Readonly<{ reason: string }>): error is RefundRejection =>
  REJECTIONS.includes(error.reason)
