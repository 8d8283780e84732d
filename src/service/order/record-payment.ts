import { parseOutTradeNo } from '../../core/ids.ts'
import type { OrderView, Returned } from '../../core/order/order.ts'
import { isUsual } from '../../core/order/payment-check.ts'
import type { Payment, Source } from '../../core/order/payment.ts'
import { rejectionReview } from '../../core/order/reviews.ts'
import { webhookId } from '../../core/webhook.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import type { Deps } from '../../ports/deps.ts'
import { type ApplyError, applyEvent } from '../apply-event.ts'
import { openReview } from '../open-review.ts'

type RecordPaymentDeps = Pick<Deps, 'config' | 'deliverSoon' | 'log' | 'now' | 'orders' | 'reviews'>

/**
 * Records a payment that WeChat vouches for, exactly once however often WeChat reports it. If the payment
 * must not be recorded, returns the reason and opens a review. `ok` means that the payment is stored, as the
 * one that made the order paid or as an additional one.
 *
 * The usual cases, a new payment and one that is recorded already, take one round trip to the database. In
 * every other case, `transition` decides about the order that this round trip read back.
 *
 * @param refunded Whether WeChat reports that the payment has already been refunded, at least in part.
 */
export async function recordPayment(
  deps: RecordPaymentDeps,
  payment: Payment,
  source: Source,
  refunded = false,
): Promise<Result<OrderView, ApplyError>> {
  const ordercode = parseOutTradeNo(payment.outTradeNo)?.ordercode
  // A person's decision overrides the policy for late payments. A payment that WeChat has refunded already
  // is not refunded again.
  const isByRule = source !== 'operator' && !refunded
  const ifLate = isByRule && deps.config.latePayment === 'refund' ? 'if_late' : 'no'
  const returned = refunded ? 'yes' : ifLate
  const autoRefundNotifyUrl = isByRule ? deps.config.refundNotifyUrl : undefined
  const recorded = await record(deps, payment, source, returned, autoRefundNotifyUrl)
  deps.log({
    event: recorded.ok ? 'payment_settled' : 'payment_rejected',
    ...(ordercode === undefined ? {} : { ordercode }),
    out_trade_no: payment.outTradeNo,
    transaction_id: payment.transactionId,
    source,
    ...(recorded.ok ? {} : { reason: recorded.error.reason }),
  })
  if (recorded.ok) return recorded
  const { error } = recorded
  // A review names its order by the ordercode. If the order
  // is not stored, the review names only the out_trade_no.
  const known = error.reason === 'unknown_order' ? undefined : ordercode
  const review = rejectionReview(error, payment, known, source)
  if (review !== undefined) await openReview(deps, review)
  return recorded
}

async function record(
  deps: Pick<Deps, 'deliverSoon' | 'now' | 'orders'>,
  payment: Payment,
  source: Source,
  returned: Returned,
  autoRefundNotifyUrl: string | undefined,
): Promise<Result<OrderView, ApplyError>> {
  const { recorded, view } = isUsual(payment, source)
    ? await deps.orders.recordPayment(payment, source, returned, deps.now())
    : { recorded: false, view: await loadOrderOf(deps, payment) }
  if (view === undefined) return err({ reason: 'unknown_order' })
  if (recorded) {
    const type = returned === 'yes' ? 'payment.returned' : 'order.paid'
    deps.deliverSoon([webhookId({ type, subject: payment.transactionId })])
    return ok(view)
  }

  const applied = await applyEvent(deps, view, {
    type: 'payment_booked',
    payment,
    source,
    returned,
    autoRefundNotifyUrl,
  })
  if (applied.ok || applied.error.reason !== 'second_payment') return applied
  // The payer paid twice. The second payment is recorded, and refunded if refunds are configured. The order is
  // read again first, because a concurrent request may have made it paid after it was read.
  const paid = (await deps.orders.load(view.order.ordercode)) ?? view
  return applyEvent(deps, paid, {
    type: 'second_payment_recorded',
    payment,
    source,
    returned,
    autoRefundNotifyUrl,
  })
}

async function loadOrderOf(
  deps: Pick<Deps, 'orders'>,
  payment: Payment,
): Promise<OrderView | undefined> {
  const ours = parseOutTradeNo(payment.outTradeNo)
  return ours === undefined ? undefined : deps.orders.load(ours.ordercode)
}
