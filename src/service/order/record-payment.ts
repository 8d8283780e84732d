import { parseOutTradeNo } from '../../core/ids.ts'
import type { OrderView, RefundTo, Returned } from '../../core/order/order.ts'
import type { Payment, Source } from '../../core/order/payment.ts'
import { rejectionReview } from '../../core/order/reviews.ts'
import { webhookId } from '../../core/webhook.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import type { Deps } from '../../ports/deps.ts'
import { type ApplyError, applyEvent } from '../apply-event.ts'
import { openReview } from '../open-review.ts'

type SettleDeps = Pick<Deps, 'store' | 'now' | 'log' | 'announce' | 'config'>

/**
 * Books a payment that WeChat vouches for, once however often it is told, or says why not and opens a
 * review. `ok` means that the database knows it: as the order's payment, or as one beside it.
 *
 * The usual cases, a fresh payment and one that is booked already, take one round trip to the
 * database. `transition` explains every other one from what that round trip read back.
 *
 * @param refunded WeChat's first word may be that the money went back already.
 */
export async function settlePayment(
  deps: SettleDeps,
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
  const refundTo = isByRule ? deps.config.refundNotifyUrl : undefined
  const settled = await book(deps, payment, source, returned, refundTo)
  deps.log({
    event: settled.ok ? 'payment_settled' : 'payment_rejected',
    ...(ordercode === undefined ? {} : { ordercode }),
    out_trade_no: payment.outTradeNo,
    transaction_id: payment.transactionId,
    source,
    ...(settled.ok ? {} : { reason: settled.error.reason }),
  })
  if (settled.ok) return settled
  const { error } = settled
  // An order that is not there cannot be named by its ordercode; the number alone must do.
  const known = error.reason === 'unknown_order' ? undefined : ordercode
  const review = rejectionReview(error, payment, known, source)
  if (review !== undefined) await openReview(deps, review)
  return settled
}

async function book(
  deps: SettleDeps,
  payment: Payment,
  source: Source,
  returned: Returned,
  refundTo: RefundTo,
): Promise<Result<OrderView, ApplyError>> {
  const usual = payment.feeType === 'CNY' && payment.tradeType === 'JSAPI' && source !== 'operator'
  const { booked, view } = usual
    ? await deps.store.book(payment, source, returned, deps.now())
    : { booked: false, view: await loadOrderOf(deps, payment) }
  if (view === undefined) return err({ reason: 'unknown_order' })
  if (booked) {
    const type = returned === 'yes' ? 'payment.returned' : 'order.paid'
    deps.announce([webhookId({ type, subject: payment.transactionId })])
    return ok(view)
  }

  const applied = await applyEvent(deps, view, {
    type: 'payment_booked',
    payment,
    source,
    returned,
    refundTo,
  })
  if (applied.ok || applied.error.reason !== 'second_payment') return applied
  // Paid twice: the money is here, so it is on the books, and it goes back.
  const fresh = (await deps.store.load(view.order.ordercode)) ?? view
  return applyEvent(deps, fresh, {
    type: 'second_payment_recorded',
    payment,
    source,
    returned,
    refundTo,
  })
}

async function loadOrderOf(
  deps: Pick<Deps, 'store'>,
  payment: Payment,
): Promise<OrderView | undefined> {
  const ours = parseOutTradeNo(payment.outTradeNo)
  return ours === undefined ? undefined : deps.store.load(ours.ordercode)
}
