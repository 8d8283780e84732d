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
 * Books a payment that WeChat vouches for, once however often it is told, or says why not and opens a
 * review. `ok` means that the database knows it: as the order's payment, or as one beside it.
 *
 * The usual cases, a fresh payment and one that is booked already, take one round trip to the
 * database. `transition` explains every other one from what that round trip read back.
 *
 * @param refunded WeChat's first word may be that the money went back already.
 */
export async function recordPayment(
  deps: RecordPaymentDeps,
  payment: Payment,
  source: Source,
  refunded = false,
): Promise<Result<OrderView, ApplyError>> {
  const ordercode = parseOutTradeNo(payment.outTradeNo)?.ordercode
  // A person's word beats the rule for late payments; and what went back already, by somebody else's hand,
  // is not sent back again.
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
  // An order that is not there cannot be named by its ordercode; the number alone must do.
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
  // The payer paid twice. The money is here, so it is recorded, and it goes back. Where the order became paid
  // after it was read, it is read again.
  const isCurrent = view.order.state === 'paid'
  const paid = isCurrent ? view : ((await deps.orders.load(view.order.ordercode)) ?? view)
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
