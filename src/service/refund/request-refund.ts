import type { TransactionId } from '../../core/ids.ts'
import { isOurs } from '../../core/merchant.ts'
import { type Fen, toFen } from '../../core/money.ts'
import type { OrderView } from '../../core/order/order.ts'
import { findRefund } from '../../core/order/refund-transition.ts'
import {
  type OutRefundNo,
  type Refund,
  type RefundAccount,
  type RefundSource,
  requestedRefund,
  sameRequest,
} from '../../core/order/refund.ts'
import type { RefundRejection } from '../../core/order/rejection.ts'
import { transition } from '../../core/order/transition.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import { detailsOf } from '../../lib/words.ts'
import type { Deps } from '../../ports/deps.ts'
import type { SendLease } from '../../ports/refund-store.ts'
import { sendRefund } from './send-refund.ts'

type RequestRefundDeps = Pick<
  Deps,
  'config' | 'deliverSoon' | 'log' | 'now' | 'orders' | 'refunds' | 'reviews' | 'wechat'
>

/** Why a refund was not accepted. With each of these, nothing is reserved. */
export type RefundError =
  | RefundRejection
  | Readonly<{
      reason:
        | 'refund_not_configured'
        | 'refunds_paused'
        | 'other_merchant'
        | 'order_not_found'
        | 'payment_not_found'
        | 'contended'
    }>

/** A request for a refund, from the shop or from a review. */
export type RefundRequest = Readonly<{
  outRefundNo: OutRefundNo
  refundFee: Fen
  /** The reason that WeChat shows to the payer. */
  reason: string | undefined
  account: RefundAccount
  /** The payment to refund; undefined for the payment that made the order paid. */
  transactionId: TransactionId | undefined
}>

/** The refund as it is stored. `created` is true when this request reserved it. */
export type Requested = Readonly<{ created: boolean; refund: Refund }>

/**
 * Accepts a refund: reserves its amount in our records, then sends the refund to WeChat. A repeated request
 * means the same refund, which is sent again as long as WeChat has not accepted it. After the reservation
 * every outcome is the refund as it is stored, because the cron goes on with it.
 */
export async function requestRefund(
  deps: RequestRefundDeps,
  ordercode: string,
  request: RefundRequest,
  source: RefundSource,
): Promise<Result<Requested, RefundError>> {
  const view = await deps.orders.load(ordercode)
  if (view === undefined) return err({ reason: 'order_not_found' })
  const known = findRefund(view, request.outRefundNo)
  if (known !== undefined) return repeatRequest(deps, view, known, request)
  if (deps.config.refundLimits.paused) return err({ reason: 'refunds_paused' })
  const notifyUrl = deps.config.refundNotifyUrl
  if (notifyUrl === undefined) return err({ reason: 'refund_not_configured' })
  const refund = newRefund(view, request, notifyUrl, source, deps)
  if (refund === undefined) {
    const isOther = request.transactionId !== undefined && view.order.state === 'paid'
    return err({ reason: isOther ? 'payment_not_found' : 'order_not_paid' })
  }
  if (!isOurs(refund, deps.config)) return err({ reason: 'other_merchant' })

  const {
    reserved,
    view: after,
    lease,
    dayLeft,
  } = await deps.refunds.reserve(ordercode, refund, deps.now())
  if (after === undefined) return err({ reason: 'order_not_found' })
  const stored = findRefund(after, refund.outRefundNo)
  if (reserved && stored !== undefined) {
    deps.log({ event: 'refund_requested', ordercode, out_refund_no: refund.outRefundNo })
    return ok({ created: true, refund: await sendReserved(deps, after, stored, lease) })
  }
  // A concurrent request has reserved the refund first.
  if (stored !== undefined) return repeatRequest(deps, after, stored, request)
  // The store reserved nothing, but does not say why. `transition` returns the reason as its error.
  const step = transition(after, { type: 'refund_requested', refund, dayLeft }, deps.now())
  if (step.ok) return numberInUse(deps, refund)
  return err(isRefundRejection(step.error) ? step.error : { reason: 'contended' })
}

/** Repeats the request for a known refund. The refund is sent again if WeChat has not accepted it yet. */
async function repeatRequest(
  deps: RequestRefundDeps,
  view: OrderView,
  known: Refund,
  request: RefundRequest,
): Promise<Result<Requested, RefundError>> {
  const isConfigured = deps.config.refundNotifyUrl !== undefined
  const transactionId = request.transactionId ?? view.order.transactionId
  if (!sameRequest(known, { ...known, ...request, transactionId })) {
    return err({ reason: isConfigured ? 'refund_conflict' : 'refund_not_configured' })
  }
  const maySend = isConfigured && isOurs(known, deps.config)
  const refund = maySend ? await sendReserved(deps, view, known, 'to_acquire') : known
  return ok({ created: false, refund })
}

/**
 * Sends a refund that is reserved. Its reservation is stored, so a failure on the way must not look like a failed
 * request: the shop could take another number, and the payer would get the money twice.
 *
 * @returns the refund afterwards, as far as it is known.
 */
export async function sendReserved(
  deps: Omit<RequestRefundDeps, 'config'>,
  view: OrderView,
  refund: Refund,
  given: SendLease | undefined | 'to_acquire',
): Promise<Refund> {
  const { ordercode } = view.order
  const { outRefundNo, state } = refund
  if (state !== 'requested') return refund
  try {
    const lease =
      given === 'to_acquire'
        ? await deps.refunds.acquireSendLease(ordercode, outRefundNo, deps.now())
        : given
    // Without a lease, the cron sends this refund later: another refund of this payment was started less than a
    // minute ago, a concurrent request is sending this one, or it is held back.
    if (lease === undefined) return refund
    const sent = await sendRefund(deps, view, refund, lease)
    return findRefund(sent.view, outRefundNo) ?? refund
  } catch (error) {
    const number = { ordercode, out_refund_no: outRefundNo }
    deps.log({ event: 'refund_interrupted', ...number, ...detailsOf(error) })
    return refund
  }
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
  { transactionId, ...request }: RefundRequest,
  notifyUrl: string,
  source: RefundSource,
  { now }: Pick<Deps, 'now'>,
): Refund | undefined {
  const wanted = transactionId ?? view.order.transactionId
  const payment = view.payments.find((each) => each.transactionId === wanted)
  if (payment === undefined) return undefined
  const refundFee = toFen(request.refundFee)
  return requestedRefund(payment, { ...request, refundFee, notifyUrl, source }, now())
}

const REJECTIONS: readonly string[] = [
  'order_not_paid',
  'refund_conflict',
  'refund_exceeds_payment',
  'refund_limit_reached',
  'too_many_refunds',
] satisfies RefundRejection['reason'][]

const isRefundRejection = (error: Readonly<{ reason: string }>): error is RefundRejection =>
  REJECTIONS.includes(error.reason)
