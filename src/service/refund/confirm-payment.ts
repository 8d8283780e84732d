import { haveSameIds } from '../../core/merchant.ts'
import type { Payment } from '../../core/order/payment.ts'
import { paymentReview } from '../../core/order/reviews.ts'
import type { Deps } from '../../ports/deps.ts'
import type { Words } from '../../ports/wechat.ts'
import { openReview } from '../open-review.ts'

/** What WeChat says about a payment, in its signed answer to an orderquery by transaction_id. */
export type Confirmation = Readonly<{
  /**
   * `confirmed`: the payment is as we know it. `contradicted`: the transaction_id belongs to another number,
   * payer or amount, so the report of the payment was forged. `denied`: WeChat reports no such payment, which its
   * database may still learn. `unknown`: WeChat gave no clear answer.
   */
  kind: 'confirmed' | 'contradicted' | 'denied' | 'unknown'
  /** Whether WeChat has refunds of the payment. */
  refunded: boolean
  /** The payment as WeChat's answer has it; undefined unless WeChat reports one. */
  payment: Payment | undefined
  words: Words
}>

/**
 * Asks WeChat whether a payment is real. An attacker who has the API key can sign a notice with the transaction_id
 * of any payment of the merchant, and a refund names nothing but the transaction_id. So before money leaves, WeChat itself
 * must say that the payment belongs to this attempt, payer and amount. If it says otherwise, a review opens.
 *
 * @see https://pay.weixin.qq.com/doc/v2/merchant/4011941065
 */
export async function confirmPayment(
  deps: Pick<Deps, 'deliverSoon' | 'log' | 'now' | 'orders' | 'reviews' | 'wechat'>,
  ordercode: string,
  payment: Payment,
): Promise<Confirmation> {
  const { transactionId } = payment
  const { reply, words } = await deps.wechat.orderQueryByTransaction(transactionId, payment)
  const confirmation: Confirmation =
    reply.kind !== 'paid'
      ? {
          kind: reply.kind === 'unknown' ? 'unknown' : 'denied',
          refunded: false,
          payment: undefined,
          words,
        }
      : {
          kind: isSame(payment, reply.payment) ? 'confirmed' : 'contradicted',
          refunded: reply.refunded,
          payment: reply.payment,
          words,
        }
  deps.log({
    event: 'payment_confirmed',
    ordercode,
    transaction_id: transactionId,
    outcome: confirmation.kind,
    reason: words.code,
  })
  if (confirmation.kind === 'confirmed') {
    await deps.orders.saveConfirmation(ordercode, transactionId, deps.now())
  }
  if (confirmation.kind === 'contradicted' && reply.kind === 'paid') {
    const { outTradeNo, totalFee } = reply.payment
    const evidence = { wechat_out_trade_no: outTradeNo, wechat_total_fee: totalFee }
    await openReview(
      deps,
      paymentReview('transaction_conflict', payment, ordercode, 'query', evidence),
    )
  }
  return confirmation
}

const isSame = (known: Payment, reported: Payment): boolean =>
  haveSameIds(known, reported) &&
  known.outTradeNo === reported.outTradeNo &&
  known.openid === reported.openid &&
  known.tradeType === reported.tradeType &&
  known.feeType === reported.feeType &&
  known.totalFee === reported.totalFee
