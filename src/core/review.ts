import type { Rejection } from './order/change.ts'
import type { Payment, Source } from './order/payment.ts'
import type { Refund, RefundRecord } from './order/refund.ts'
import type { UnixSeconds } from './time.ts'

export type ReviewKind =
  | 'amount_mismatch'
  | 'currency_mismatch'
  | 'unknown_order'
  | 'foreign_payment'
  | 'late_payment'
  | 'second_payment'
  | 'partly_returned'
  | 'refund_abnormal'
  | 'refund_overdue'
  | 'refund_failed'
  | 'refund_conflict'
  | 'bill_difference'
  | 'webhook_given_up'

/** Something that a person must look at. Unique by kind and subject. */
export type Review = Readonly<{
  kind: ReviewKind
  /** A transaction_id, an out_refund_no, a difference of a bill, the id of a delivery. */
  subject: string
  ordercode: string | undefined
  /** What was seen, and what was expected. */
  evidence: Readonly<Record<string, string | number | boolean>>
}>

export type StoredReview = Review &
  Readonly<{
    id: string
    openedAt: UnixSeconds
    resolvedAt: UnixSeconds | undefined
    action: ReviewAction | undefined
    note: string | undefined
  }>

export type ReviewAction = 'accept' | 'refund'

export const reviewId = ({ kind, subject }: Pick<Review, 'kind' | 'subject'>): string =>
  `${kind}.${subject}`

/** Only a payment of another payer, kind or time can be taken for good; an amount cannot. */
export const mayAccept = (kind: ReviewKind): boolean => kind === 'foreign_payment'

/** What is on the books can be returned, and what a person may put there to return it. */
export const mayRefund = (kind: ReviewKind): boolean =>
  kind === 'late_payment' ||
  kind === 'second_payment' ||
  kind === 'foreign_payment' ||
  kind === 'partly_returned'

/** A payment that is not booked: the query goes on saying "paid", so nothing else can end its attempt. */
export const keepsAttemptOpen = (kind: ReviewKind): boolean =>
  kind === 'amount_mismatch' || kind === 'currency_mismatch' || kind === 'foreign_payment'

/** A payment beside the rules, with all that is needed to book it should a person say so. */
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

/** A refund that does not come to its end by itself. */
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

/** WeChat returned money in a way that the books have no room for. */
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

/** The review that a refused payment opens. */
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
    case 'currency_mismatch':
    case 'unknown_order':
      return paymentReview(reason, payment, ordercode, source)
    // A second payment is recorded, with its own review, by its own event; the rest is no fault of it.
    default:
      return undefined
  }
}
