/** What an order is. How it changes is in `transition.ts`. */
import { ATTEMPTS_MAX, formatOutTradeNo, type OutTradeNo, type TransactionId } from '../ids.ts'
import type { Fen } from '../money.ts'
import { later, type UnixSeconds } from '../time.ts'
import { type Attempt, isLive } from './attempt.ts'
import type { BookedPayment, Payment, Source } from './payment.ts'
import type { OutRefundNo, Refund, RefundRecord } from './refund.ts'

export type OrderState = 'created' | 'paying' | 'paid' | 'closed'

/** What the shop states when it registers an order. */
export type Terms = Readonly<{
  totalFee: Fen
  body: string
  attach: string | undefined
  detail: string | undefined
  goodsTag: string | undefined
  limitPay: string | undefined
  /** The only payer who may pay it, when the shop knows who that is. */
  openid: string | undefined
  /** Seconds from `createdAt`. */
  expiresIn: number
}>

export type Order = Readonly<{
  ordercode: string
  state: OrderState
  /** Grows by one with every event; the store compares it before it writes. */
  revision: number
  terms: Terms
  createdAt: UnixSeconds
  expiresAt: UnixSeconds
  /** The expiry was moved for a late attempt already; it moves once. */
  extended: boolean
  transactionId: TransactionId | undefined
  paidAt: UnixSeconds | undefined
  closedAt: UnixSeconds | undefined
}>

/** An order with all that hangs on it, as read at one moment. */
export type OrderView = Readonly<{
  order: Order
  attempts: readonly Attempt[]
  payments: readonly BookedPayment[]
  refunds: readonly Refund[]
}>

export type CloseReason = 'expired' | 'shop'
export type AttemptEnd = 'closed_at_wechat' | 'absent_at_wechat' | 'settled_by_person'

/**
 * Whether the money went back, or is to go back, so that nothing is shipped for it: WeChat's first
 * word was REFUND, or it came too late and the shop's policy is to return such payments.
 */
export type Returned = 'no' | 'yes' | 'if_late'

export type OrderEvent = Readonly<
  | { type: 'order_changed'; terms: Terms }
  | { type: 'attempt_opened'; attempt: Attempt }
  | { type: 'attempt_resent'; outTradeNo: OutTradeNo; codeHash: string }
  | { type: 'attempt_closing'; outTradeNo: OutTradeNo }
  | { type: 'attempt_closed'; outTradeNo: OutTradeNo; reason: AttemptEnd }
  | {
      type: 'payment_booked'
      payment: Payment
      source: Source
      returned: Returned
      autoRefundNotifyUrl?: string | undefined
    }
  | {
      type: 'second_payment_recorded'
      payment: Payment
      source: Source
      returned?: Returned
      autoRefundNotifyUrl?: string | undefined
    }
  | { type: 'order_closed'; reason: CloseReason }
  | RefundEvent
>

export type RefundEvent = Readonly<
  | { type: 'refund_requested'; refund: Refund }
  | { type: 'refund_started'; outRefundNo: OutRefundNo }
  | { type: 'refund_refused'; outRefundNo: OutRefundNo; errCode: string; errCodeDes: string }
  /** By a person: WeChat does not know it, or not any more. */
  | { type: 'refund_given_up'; outRefundNo: OutRefundNo; errCode: string; errCodeDes: string }
  | { type: 'refund_accepted'; record: RefundRecord }
  | { type: 'refund_succeeded'; record: RefundRecord }
  | { type: 'refund_closed'; record: RefundRecord }
  | { type: 'refund_abnormal'; record: RefundRecord }
  | { type: 'refund_discovered'; record: RefundRecord }
>

/** At most one attempt is live; the number of the next one counts all that ever were. */
export const liveAttempt = (view: OrderView): Attempt | undefined => view.attempts.find(isLive)
export const findAttempt = (view: OrderView, outTradeNo: OutTradeNo): Attempt | undefined =>
  view.attempts.find((attempt) => attempt.outTradeNo === outTradeNo)

/** @returns undefined when the order has used up its numbers. */
export function nextOutTradeNo(view: OrderView): OutTradeNo | undefined {
  const number = view.attempts.length + 1
  return number > ATTEMPTS_MAX ? undefined : formatOutTradeNo(view.order.ordercode, number)
}

export const sameTerms = (a: Terms, b: Terms): boolean =>
  a.totalFee === b.totalFee &&
  a.body === b.body &&
  a.attach === b.attach &&
  a.detail === b.detail &&
  a.goodsTag === b.goodsTag &&
  a.limitPay === b.limitPay &&
  a.openid === b.openid &&
  a.expiresIn === b.expiresIn

/** When the order would expire under these terms. Terms that say the same never move it. */
export const expiryUnder = (order: Order, terms: Terms): UnixSeconds =>
  terms.expiresIn === order.terms.expiresIn
    ? order.expiresAt
    : later(order.createdAt, terms.expiresIn)
