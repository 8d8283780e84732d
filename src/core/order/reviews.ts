import type { BeijingDay } from '../day.ts'
import type { Review, ReviewKind } from '../review.ts'
import type { BookedPayment, Payment, Source } from './payment.ts'
import { isReserved, type Refund, type RefundRecord } from './refund.ts'
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
  kind: 'refund_abnormal' | 'refund_overdue' | 'refund_failed' | 'refund_waiting',
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
    ...(refund.errCodeDes === undefined ? {} : { err_code_des: refund.errCodeDes }),
  },
})

/** The reviews of a refund that returns no money, because a person must return the money another way. */
export function refundReviews(
  payments: readonly BookedPayment[],
  refund: Refund,
  ordercode: string,
): readonly Review[] {
  const { state, source, transactionId } = refund
  // `abnormal`: WeChat cannot return the money, because the payer's card was cancelled or frozen.
  if (state === 'abnormal') return [refundReview('refund_abnormal', refund, ordercode)]
  // If a refund that the shop requested fails, a webhook tells the shop. The shop does not know the numbers of
  // refunds that the Worker or the operator requested, so their failure opens a review, unless a person called
  // the refund off. A refund of a returned payment always opens one: the order is not paid by the payment, and
  // the money is still here.
  const isOurs = (source === 'automatic' || source === 'operator') && state !== 'cancelled'
  const isOfReturned = payments.some(
    (each) => each.transactionId === transactionId && each.returned,
  )
  return (isOurs || isOfReturned) && !isReserved(refund)
    ? [refundReview('refund_failed', refund, ordercode)]
    : []
}

/** WeChat's words when the payments that are not settled yet do not suffice for a refund. */
const UNSETTLED_SHORT = '未结算资金不足'

/** The review of a refund that WeChat has not accepted for long, or cannot accept before the operator acts. */
export function waitingReview(refund: Refund, ordercode: string): Review {
  const { kind, evidence, ...review } = refundReview('refund_waiting', refund, ordercode)
  const advice = (refund.errCodeDes ?? '').includes(UNSETTLED_SHORT)
    ? 'Call the refund off with DELETE, then refund under a new out_refund_no with "refund_account": "available".'
    : undefined
  return {
    ...review,
    kind,
    evidence: {
      ...evidence,
      requested_at: refund.requestedAt,
      ...(advice === undefined ? {} : { advice }),
    },
  }
}

/** Why refunds are held back: `paused` by REFUNDS=paused, or above the REFUND_LIMIT_DAY of `day`. */
export type Held = Readonly<{
  reason: 'paused' | 'limit'
  day: BeijingDay
  count: number
  /** The sum of the refunds, in fen. */
  refundFee: number
}>

/**
 * The subject of the one review about all refunds that are held back for a reason. The dot tells it from the number
 * of a refund.
 */
export const heldSubject = ({ reason, day }: Pick<Held, 'reason' | 'day'>): string =>
  reason === 'paused' ? 'refunds.paused' : `refunds.limit.${day}`

/** The one review about all refunds that are held back for a reason. */
export const heldReview = (held: Held): Review => ({
  kind: 'refund_waiting',
  subject: heldSubject(held),
  ordercode: undefined,
  evidence: { reason: held.reason, refunds: held.count, refund_fee: held.refundFee },
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

/**
 * The review of open orders, attempts and refunds that belong to another merchant number. One review stands for all
 * of them.
 *
 * @param configured The merchant number of the configuration.
 */
export const otherMerchantReview = (mchId: string, configured: string): Review => ({
  kind: 'other_merchant',
  subject: mchId,
  ordercode: undefined,
  evidence: { mch_id: mchId, configured_mch_id: configured },
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
      return paymentReview(reason, payment, ordercode, source)
    case 'unknown_order':
      // No attempt has the ids with which WeChat is asked when the operator accepts the payment.
      return paymentReview(reason, payment, ordercode, source, {
        appid: payment.appid,
        mch_id: payment.mchId,
      })
    // `second_payment` opens its review when the payment is recorded. Rejections
    // such as `contended` say nothing against the payment.
    default:
      return undefined
  }
}
