/**
 * WeChat as the use cases see it. The answer to each call is a union, with one member for each reaction that
 * the use cases have.
 */
import type { BeijingDay } from '../core/day.ts'
import type { OutTradeNo, TransactionId } from '../core/ids.ts'
import type { MerchantIds } from '../core/merchant.ts'
import type { Attempt } from '../core/order/attempt.ts'
import type { Payment } from '../core/order/payment.ts'
import type { OutRefundNo, Refund, RefundRecord } from '../core/order/refund.ts'

/**
 * WeChat gave no clear answer, and may or may not have acted. An unknown answer never changes an order, and
 * always leads to another query.
 */
export type Unknown = Readonly<{ kind: 'unknown'; cause: string }>
/** WeChat states that it was too busy to act. The same call may be sent again. */
export type Busy = Readonly<{ kind: 'busy' }>
/** The call exceeded WeChat's rate limit. The same call may be sent again later. */
export type TooManyRequests = Readonly<{ kind: 'too_many_requests' }>
/**
 * The operator must fix the configuration: a wrong key, an
 * appid that is not bound, a product that is not enabled.
 */
export type Misconfigured = Readonly<{ kind: 'misconfigured'; errCode: string; errCodeDes: string }>
/** WeChat refuses this call, with the reason in `errCode` and `errCodeDes`. */
export type Refused = Readonly<{ kind: 'refused'; errCode: string; errCodeDes: string }>

/** The answer to jscode2session. `blocked`: WeChat rates the user as a high risk (40226). */
export type LoginReply =
  | Readonly<{ kind: 'session'; openid: string }>
  | Readonly<{ kind: 'code_invalid' }>
  | Readonly<{ kind: 'code_used' }>
  | Readonly<{ kind: 'blocked' }>
  | Busy
  | TooManyRequests
  | Misconfigured
  | Refused
  | Unknown

/**
 * What WeChat answers when unifiedorder creates an attempt's order. `isRepetition`: the same message was sent just before,
 * without a clear answer, so WeChat may have created the order even if this answer is a refusal.
 */
export type UnifiedOrderReply = UnifiedOrderAnswer & Readonly<{ isRepetition?: true }>

/** What one answer to unifiedorder says. */
export type UnifiedOrderAnswer =
  | Readonly<{ kind: 'prepared'; prepayId: string }>
  | Readonly<{ kind: 'order_paid' }>
  | Readonly<{ kind: 'order_closed' }>
  /** "201 商户订单号重复": WeChat has an order with this `out_trade_no`, with other parameters. */
  | Readonly<{ kind: 'number_used' }>
  /**
   * WeChat refuses with an err_code that its documents do not list. What became of the order is unknown: WeChat may have
   * created it.
   */
  | Readonly<{ kind: 'refused_unlisted'; errCode: string; errCodeDes: string }>
  | Busy
  | TooManyRequests
  | Misconfigured
  | Refused
  | Unknown

/**
 * WeChat confirms a payment. `refunded`: WeChat's trade_state is REFUND. The order was paid, and at least one
 * refund was made since.
 */
export type PaidReply = Readonly<{ kind: 'paid'; payment: Payment; refunded: boolean }>

/** What WeChat answers when orderquery asks about an attempt. */
export type OrderQueryReply =
  | PaidReply
  | Readonly<{ kind: 'unpaid' }>
  /** The payer or the bank is paying at this moment. The attempt must not be closed. */
  | Readonly<{ kind: 'user_paying' }>
  | Readonly<{ kind: 'closed' }>
  /** WeChat does not know the `out_trade_no`. */
  | Readonly<{ kind: 'absent' }>
  | Unknown

/** What an orderquery names: an attempt, or a payment. */
export type QueriedOrder =
  Readonly<{ outTradeNo: OutTradeNo }> | Readonly<{ transactionId: TransactionId }>

/** WeChat's own words in an answer, for the log and for people: a code or a state, and a sentence. */
export type Words = Readonly<{ code: string; description: string }>

/** The answer to closeorder. The caller confirms even `closed` by a query. */
export type CloseOrderReply =
  | Readonly<{ kind: 'closed' }>
  | Readonly<{ kind: 'order_paid' }>
  | Readonly<{ kind: 'absent' }>
  /** WeChat cannot close the order in its present state; a query shows that state. */
  | Readonly<{ kind: 'not_closable' }>
  | Unknown

/**
 * WeChat does not make the refund now: too little money on the merchant's account, or too many requests. The
 * same refund may be sent again.
 */
export type Waiting = Readonly<{ kind: 'waiting'; errCode: string; errCodeDes: string }>

/**
 * WeChat does not make the refund, and says why in words only. What WeChat has of the payment decides whether
 * the refund is refused, or waits.
 */
export type Doubtful = Readonly<{ kind: 'doubtful'; errCode: string; errCodeDes: string }>

/** The answer to a refund. The caller confirms even `refused` by a query. */
export type RefundReply =
  /** WeChat has accepted the refund. The money has not reached the payer yet. */
  | Readonly<{ kind: 'accepted'; record: RefundRecord }>
  /**
   * `isRepetition`: the same refund was sent just before,
   * without a clear answer, and that message may still arrive.
   */
  | ((Waiting | Doubtful | Misconfigured | Refused) & Readonly<{ isRepetition: boolean }>)
  | Unknown

/** What WeChat answers when refundquery asks about refunds. */
export type RefundQueryReply =
  /** One page of refunds; `total` counts all refunds of the payment that WeChat knows. */
  | Readonly<{ kind: 'found'; records: readonly RefundRecord[]; total: number }>
  | Readonly<{ kind: 'absent' }>
  | Unknown

/** What WeChat answers when downloadbill asks for the bill of a day. */
export type DownloadBillReply =
  /** The bill file in the bytes that arrived, plain or gzip. */
  | Readonly<{ kind: 'bill'; bytes: readonly Uint8Array[] }>
  /**
   * "No Bill Exist": the day has no payments and refunds;
   * or, in the morning, WeChat has not made the bill yet.
   */
  | Readonly<{ kind: 'empty' }>
  /** The bill cannot be downloaded yet, because WeChat is still making it. */
  | Readonly<{ kind: 'not_ready' }>
  | Misconfigured
  | Refused
  | Unknown

/**
 * The calls to WeChat. No method rejects when WeChat or the network fails: the answer is `unknown`.
 *
 * `ids` are those of the attempt or payment in question. If its merchant number is not ours, nothing is sent, and the
 * answer is `unknown` with the cause `other_merchant`.
 */
export interface WeChat {
  /**
   * Trades a login code for the payer's openid. The call
   * is never repeated, because WeChat accepts a code once.
   *
   * @see https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/user-login/code2Session.html
   */
  login(code: string): Promise<LoginReply>
  /** Creates an attempt's order at WeChat. Safe to repeat: an attempt's stored parameters never change. */
  unifiedOrder(attempt: Attempt): Promise<UnifiedOrderReply>
  /** Asks WeChat for the state of an attempt's order. */
  orderQuery(outTradeNo: OutTradeNo, ids: MerchantIds): Promise<OrderQueryReply>
  /**
   * Asks WeChat for a payment by its transaction_id. The answer names the attempt that was paid, so it shows
   * whether a payment that a notice reported is real.
   */
  orderQueryByTransaction(
    transactionId: TransactionId,
    ids: MerchantIds,
  ): Promise<Readonly<{ reply: OrderQueryReply; words: Words }>>
  /** Closes an attempt at WeChat, so that it cannot be paid. Safe to repeat. */
  closeOrder(outTradeNo: OutTradeNo, ids: MerchantIds): Promise<CloseOrderReply>
  /**
   * Sends a refund. Safe to repeat: the same number with the same parameters is the same refund.
   *
   * @param mayRepeat Asked before each further message of this call. If it says no, none is sent.
   */
  refund(refund: Refund, mayRepeat: () => boolean): Promise<RefundReply>
  /** Asks WeChat for the status of one refund. */
  refundQuery(outRefundNo: OutRefundNo, ids: MerchantIds): Promise<RefundQueryReply>
  /**
   * Queries the refunds of a payment, at most ten in one call. @param offset The number of refunds to skip.
   */
  refundsOf(
    transactionId: TransactionId,
    offset: number,
    ids: MerchantIds,
  ): Promise<RefundQueryReply>
  /** Downloads the bill of a day, with payments and refunds. */
  downloadBill(day: BeijingDay): Promise<DownloadBillReply>
}
