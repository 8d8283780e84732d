import { parseOutTradeNo } from '../../core/ids.ts'
import type { OrderView, RecordedPayment } from '../../core/order/order.ts'
import { isUsual } from '../../core/order/payment-check.ts'
import type { Payment } from '../../core/order/payment.ts'
import type { RefundPolicy } from '../../core/order/refund-policy.ts'
import { rejectionReview } from '../../core/order/reviews.ts'
import { webhookId } from '../../core/webhook.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import type { Config, Deps } from '../../ports/deps.ts'
import { type ApplyError, applyEvent } from '../apply-event.ts'
import { openReview } from '../open-review.ts'

type RecordPaymentDeps = Pick<Deps, 'config' | 'deliverSoon' | 'log' | 'now' | 'orders' | 'reviews'>

/**
 * Records a payment that WeChat vouches for, exactly once however often WeChat reports it. If the payment
 * must not be recorded, returns the reason and opens a review. `ok` means that the payment is stored: as the
 * one that made the order paid, as an additional one, or beside the order because it goes back.
 *
 * The usual cases, a new payment and one that is recorded already, take one round trip to the database. In
 * every other case, `transition` decides about the order that this round trip read back.
 */
export async function recordPayment(
  deps: RecordPaymentDeps,
  recording: RecordedPayment,
): Promise<Result<OrderView, ApplyError>> {
  const { payment, source } = recording
  const ordercode = parseOutTradeNo(payment.outTradeNo)?.ordercode
  const outcome = await record(deps, recording)
  // Other mini programs of the merchant have orders of their own, which need no review here.
  const isElsewhere =
    !outcome.ok && outcome.error.reason === 'unknown_order' && payment.appid !== deps.config.appid
  const recorded = isElsewhere ? err({ reason: 'wrong_merchant' } as const) : outcome
  deps.log({
    event: eventOf(recorded),
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

/** The policy that the configuration sets for payments that no order waits for. */
export const configuredPolicy = ({
  latePayment,
  refundNotifyUrl,
}: Pick<Config, 'latePayment' | 'refundNotifyUrl'>): RefundPolicy => ({
  kind: 'configured',
  latePayment,
  refundNotifyUrl,
})

const eventOf = (recorded: Result<OrderView, ApplyError>): string => {
  if (recorded.ok) return 'payment_settled'
  return recorded.error.reason === 'wrong_merchant' ? 'notice_refused' : 'payment_rejected'
}

async function record(
  deps: Pick<Deps, 'deliverSoon' | 'now' | 'orders'>,
  recording: RecordedPayment,
): Promise<Result<OrderView, ApplyError>> {
  const { payment, source, policy, refunded } = recording
  const { transactionId } = payment
  const { recorded, view } =
    isUsual(payment, source) && policy.kind !== 'returned'
      ? await deps.orders.recordPayment(payment, source, refunded, deps.now())
      : { recorded: false, view: await loadOrderOf(deps, payment) }
  if (view === undefined) return err({ reason: 'unknown_order' })
  if (recorded) {
    deps.deliverSoon([webhookId({ type: 'order.paid', subject: transactionId })])
    return ok(view)
  }
  if (!view.payments.some((each) => each.transactionId === transactionId)) {
    const owner = await deps.orders.ordercodeOfPayment(transactionId)
    if (owner !== undefined && owner !== view.order.ordercode) {
      return err({ reason: 'transaction_conflict', recordedFor: owner })
    }
  }

  const applied = await applyEvent(deps, view, { type: 'payment_booked', ...recording })
  if (applied.ok || applied.error.reason !== 'second_payment') return applied
  // The payer paid twice. The second payment is recorded, and refunded if refunds are configured. The order is
  // read again first, because a concurrent request may have made it paid after it was read.
  const paid = (await deps.orders.load(view.order.ordercode)) ?? view
  return applyEvent(deps, paid, { type: 'second_payment_recorded', ...recording })
}

async function loadOrderOf(
  deps: Pick<Deps, 'orders'>,
  payment: Payment,
): Promise<OrderView | undefined> {
  const ours = parseOutTradeNo(payment.outTradeNo)
  return ours === undefined ? undefined : deps.orders.load(ours.ordercode)
}
