import type { OrderView } from '../core/order/order.ts'
import { ofPayment, refundedFee, refundingFee } from '../core/order/refund.ts'
import type { StoredReview } from '../core/review.ts'
import { formatRfc3339, timeOrNull } from '../core/time.ts'
import type { StoredEvent } from '../ports/order-store.ts'
import { refundJson } from './refund.ts'
import { reviewJson } from './review.ts'

/** An order as the shop sees it. Contract: fields are added, never renamed. Amounts are in fen. */
export function orderJson(
  { order, attempts, payments, refunds }: OrderView,
  reviews: readonly StoredReview[],
) {
  const { terms } = order
  return {
    ordercode: order.ordercode,
    state: order.state,
    revision: order.revision,
    total_fee: terms.totalFee,
    body: terms.body,
    attach: terms.attach ?? null,
    detail: terms.detail ?? null,
    goods_tag: terms.goodsTag ?? null,
    limit_pay: terms.limitPay ?? null,
    openid: terms.openid ?? null,
    expires_in: terms.expiresIn,
    created_at: formatRfc3339(order.createdAt),
    expires_at: formatRfc3339(order.expiresAt),
    attempts: attempts.map((attempt) => ({
      out_trade_no: attempt.outTradeNo,
      state: attempt.state,
      openid: attempt.terms.openid,
      total_fee: attempt.terms.totalFee,
      prepay_expires_at: timeOrNull(attempt.prepayExpiresAt),
    })),
    payments: payments.map((payment) => ({
      transaction_id: payment.transactionId,
      out_trade_no: payment.outTradeNo,
      total_fee: payment.totalFee,
      cash_fee: payment.cashFee ?? null,
      bank_type: payment.bankType ?? null,
      paid_at: formatRfc3339(payment.paidAt),
      refunded_fee: refundedFee(ofPayment(refunds, payment.transactionId)),
      refunding_fee: refundingFee(ofPayment(refunds, payment.transactionId)),
      returned: payment.returned,
    })),
    transaction_id: order.transactionId ?? null,
    paid_at: timeOrNull(order.paidAt),
    closed_at: timeOrNull(order.closedAt),
    refunded_fee: refundedFee(refunds),
    refunds: refunds.map((refund) => refundJson(refund, order.ordercode)),
    reviews: reviews.map(reviewJson),
  }
}

/** One event of an order's history as the shop sees it. Contract: fields are added, never renamed. */
export const eventJson = (event: StoredEvent) => ({
  ...event.data,
  type: event.type,
  at: formatRfc3339(event.at),
  revision: event.revision,
  actor: event.actor,
})
