import { parseTransactionId, toOutTradeNo, type TransactionId } from '../../core/ids.ts'
import type { MerchantIds } from '../../core/merchant.ts'
import { toFen } from '../../core/money.ts'
import type { Attempt } from '../../core/order/attempt.ts'
import { findAttempt, type OrderView } from '../../core/order/order.ts'
import type { Payment } from '../../core/order/payment.ts'
import type { StoredReview } from '../../core/review.ts'
import { toUnixSeconds } from '../../core/time.ts'
import { invariant } from '../../lib/result.ts'

/** Reads the transaction_id of the payment that a review is about from the review's evidence. */
export function transactionOf({ evidence }: Pick<StoredReview, 'evidence'>): TransactionId {
  const transactionId = parseTransactionId(String(evidence['transaction_id'] ?? ''))
  invariant(transactionId !== undefined, 'the review of a payment has its transaction_id')
  return transactionId
}

/** Finds the attempt of the payment that a review is about. @returns undefined when the order has no such attempt. */
export const reviewedAttempt = (
  view: OrderView,
  { evidence }: Pick<StoredReview, 'evidence'>,
): Attempt | undefined => findAttempt(view, toOutTradeNo(String(evidence['out_trade_no'] ?? '')))

/**
 * Reads the appid and the merchant number of a payment that has no attempt from the review's evidence.
 *
 * @returns undefined when the review was opened by a version that did not store them.
 */
export function reviewedIds({ evidence }: Pick<StoredReview, 'evidence'>): MerchantIds | undefined {
  const { appid, mch_id: mchId } = evidence
  return typeof appid === 'string' && typeof mchId === 'string' ? { appid, mchId } : undefined
}

/**
 * Reads the payment that a review is about from the review's evidence.
 *
 * @param ids Those of the payment's attempt.
 */
export function paymentOf(
  { evidence }: Pick<StoredReview, 'evidence'>,
  { appid, mchId }: MerchantIds,
): Payment {
  const text = (name: string): string => String(evidence[name] ?? '')
  const fen = (name: string) => toFen(Number(evidence[name]))
  return {
    appid,
    mchId,
    transactionId: transactionOf({ evidence }),
    outTradeNo: toOutTradeNo(text('out_trade_no')),
    openid: text('openid'),
    tradeType: text('trade_type'),
    feeType: text('fee_type'),
    totalFee: fen('total_fee'),
    cashFee: evidence['cash_fee'] === undefined ? undefined : fen('cash_fee'),
    bankType: evidence['bank_type'] === undefined ? undefined : text('bank_type'),
    paidAt: toUnixSeconds(Number(evidence['paid_at'])),
  }
}
