import type { Review, ReviewKind } from '../review.ts'
import type { Payment, Source } from './payment.ts'
import type { Refund, RefundRecord } from './refund.ts'
import type { Rejection } from './rejection.ts'

/**
 * The review of a payment that breaks a rule. Its evidence holds everything that is needed to record the
 * payment later, if the operator accepts it.
 */
export function paymentReview(
  kind: ReviewKind,
  payment: Payment,
  ordercode: string | undefined,
  source: Source,
  more: Readonly<Record<string, string | number>> = {},
): Review {
  return {
    kind,
    subject: payment.transactionId,
    ordercode,
    evidence: {
      transaction_id: payment.transactionId,
      out_trade_no: payment.outTradeNo,
      openid: payment.openid,
      trade_type: payment.tradeType,
      fee_type: payment.feeType,
      total_fee: payment.totalFee,
      ...(payment.cashFee === undefined ? {} : { cash_fee: payment.cashFee }),
      ...(payment.bankType === undefined ? {} : { bank_type: payment.bankType }),
      paid_at: payment.paidAt,
      source,
      ...more,
    },
  }
}

/** The review of a refund that needs a person, because it will not succeed automatically. */
export const refundReview = (
  kind: 'refund_abnormal' | 'refund_overdue' | 'refund_failed',
  refund: Refund,
  ordercode: string,
): Review => ({
  kind,
  subject: refund.outRefundNo,
  ordercode,
  evidence: {
    out_refund_no: refund.outRefundNo,
    transaction_id: refund.transactionId,
    refund_fee: refund.refundFee,
    state: refund.state,
    ...(refund.refundId === undefined ? {} : { refund_id: refund.refundId }),
    ...(refund.errCode === undefined ? {} : { err_code: refund.errCode }),
  },
})

/**
 * The review of a refund at WeChat that does not fit our records: its amount differs or exceeds the payment,
 * or another order uses its number.
 */
export const conflictReview = (
  record: RefundRecord,
  ordercode: string,
  reason: string,
): Review => ({
  kind: 'refund_conflict',
  subject: record.outRefundNo,
  ordercode,
  evidence: {
    out_refund_no: record.outRefundNo,
    transaction_id: record.transactionId,
    refund_id: record.refundId,
    refund_fee: record.refundFee,
    status: record.status,
    reason,
  },
})

/** The review that a rejected payment opens; undefined when the rejection needs no review. */
export function rejectionReview(
  rejection: Rejection | Readonly<{ reason: 'contended' }>,
  payment: Payment,
  ordercode: string | undefined,
  source: Source,
): Review | undefined {
  const { reason } = rejection
  switch (reason) {
    case 'amount_mismatch':
      return paymentReview(reason, payment, ordercode, source, { expected: rejection.expected })
    case 'foreign_payment':
      return paymentReview(reason, payment, ordercode, source, { mismatch: rejection.mismatch })
    case 'transaction_conflict':
      return paymentReview(reason, payment, ordercode, source, {
        recorded_for: rejection.recordedFor,
      })
    case 'currency_mismatch':
    case 'unknown_order':
      return paymentReview(reason, payment, ordercode, source)
    // `second_payment` opens its review when the payment is recorded. Rejections
    // such as `contended` say nothing against the payment.
    default:
      return undefined
  }
}
