import { parseTransactionId, toOutTradeNo, type TransactionId } from '../../core/ids.ts'
import { toFen } from '../../core/money.ts'
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

/** Reads the payment that a review is about from the review's evidence. */
export function paymentOf({ evidence }: Pick<StoredReview, 'evidence'>): Payment {
  const text = (name: string): string => String(evidence[name] ?? '')
  const fen = (name: string) => toFen(Number(evidence[name]))
  return {
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
