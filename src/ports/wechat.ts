/** WeChat as the use cases see it: one call each, one union each, one arm for each reaction. */
import type { BeijingDay } from '../core/day.ts'
import type { OutTradeNo, TransactionId } from '../core/ids.ts'
import type { Attempt } from '../core/order/attempt.ts'
import type { Payment } from '../core/order/payment.ts'
import type { OutRefundNo, Refund, RefundRecord } from '../core/order/refund.ts'

/** We do not know whether WeChat acted. Never a reason to change an order; always one to ask again. */
export type Unknown = Readonly<{ kind: 'unknown'; cause: string }>
/** WeChat was too busy to act, and says so. The same call may be sent again. */
export type Busy = Readonly<{ kind: 'busy' }>
export type TooManyRequests = Readonly<{ kind: 'too_many_requests' }>
/** Ours to mend: a wrong key, an appid that is not bound, a product that is not enabled. */
export type Misconfigured = Readonly<{ kind: 'misconfigured'; errCode: string; errCodeDes: string }>
export type Refused = Readonly<{ kind: 'refused'; errCode: string; errCodeDes: string }>

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

export type UnifiedOrderReply =
  | Readonly<{ kind: 'prepared'; prepayId: string }>
  | Readonly<{ kind: 'order_paid' }>
  | Readonly<{ kind: 'order_closed' }>
  /** "201 商户订单号重复": the number is there already, with other parameters. */
  | Readonly<{ kind: 'number_used' }>
  | Busy
  | TooManyRequests
  | Misconfigured
  | Refused
  | Unknown

export type OrderQueryReply =
  /** `refunded`: WeChat says REFUND, which means paid, with at least one refund since. */
  | Readonly<{ kind: 'paid'; payment: Payment; refunded: boolean }>
  | Readonly<{ kind: 'unpaid' }>
  /** The payer is in the middle of it, or the bank is: neither paid nor to be closed. */
  | Readonly<{ kind: 'user_paying' }>
  | Readonly<{ kind: 'closed' }>
  | Readonly<{ kind: 'absent' }>
  | Unknown

export type CloseOrderReply =
  | Readonly<{ kind: 'closed' }>
  | Readonly<{ kind: 'order_paid' }>
  | Readonly<{ kind: 'absent' }>
  /** Not in a state to be closed: a query tells which. */
  | Readonly<{ kind: 'not_closable' }>
  | Unknown

/** Not now: too little on the merchant's account, too many requests. The same call may be sent again. */
export type Waiting = Readonly<{ kind: 'waiting'; errCode: string; errCodeDes: string }>

export type RefundReply =
  /** On its way, not yet there. */
  | Readonly<{ kind: 'accepted'; record: RefundRecord }>
  /** `isRepetition`: the same words went out a moment before, without a clear answer, and may yet arrive. */
  | ((Waiting | Misconfigured | Refused) & Readonly<{ isRepetition: boolean }>)
  | Unknown

export type RefundQueryReply =
  /** One page; `total` counts all that WeChat knows of the payment. */
  | Readonly<{ kind: 'found'; records: readonly RefundRecord[]; total: number }>
  | Readonly<{ kind: 'absent' }>
  | Unknown

export type DownloadBillReply =
  /** The bytes as they came, plain or gzip. */
  | Readonly<{ kind: 'bill'; bytes: readonly Uint8Array[] }>
  /** Nothing was paid or refunded that day; or, early in the morning, nothing is known yet. */
  | Readonly<{ kind: 'empty' }>
  | Readonly<{ kind: 'not_ready' }>
  | Misconfigured
  | Refused
  | Unknown

export interface WeChat {
  /**
   * Trades a login code for the payer's openid. Never repeated by itself: a code works once.
   *
   * @see https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/user-login/code2Session.html
   */
  login(code: string): Promise<LoginReply>
  /** Safe to repeat: the frozen terms make the same message. */
  unifiedOrder(attempt: Attempt): Promise<UnifiedOrderReply>
  orderQuery(outTradeNo: OutTradeNo): Promise<OrderQueryReply>
  closeOrder(outTradeNo: OutTradeNo): Promise<CloseOrderReply>
  /** Safe to repeat: the same number and the same words are the same refund. */
  refund(refund: Refund): Promise<RefundReply>
  /** Asks about one refund. */
  refundQuery(outRefundNo: OutRefundNo): Promise<RefundQueryReply>
  /** Asks about all refunds of a payment, ten at a time. */
  refundsOf(transactionId: TransactionId, offset: number): Promise<RefundQueryReply>
  /** @param day A day in Beijing, `2026-11-22`. */
  downloadBill(day: BeijingDay): Promise<DownloadBillReply>
}
