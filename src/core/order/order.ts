/** Orders and the events that change them. The rules of the changes are in `transition.ts`. */
import { ATTEMPTS_MAX, formatOutTradeNo, type OutTradeNo, type TransactionId } from '../ids.ts'
import type { Fen } from '../money.ts'
import { later, type UnixSeconds } from '../time.ts'
import { type Attempt, isLive } from './attempt.ts'
import type { BookedPayment, Payment, Source } from './payment.ts'
import type { RefundPolicy } from './refund-policy.ts'
import type { HeldLease } from './refund-schedule.ts'
import type { OutRefundNo, Refund, RefundRecord } from './refund.ts'

/**
 * `created`: registered, WeChat was not called. `paying`: an attempt was sent, or may have been. `paid`: a
 * payment is recorded that does not go back. `closed`: no attempt can be paid any more.
 */
export type OrderState = 'created' | 'paying' | 'paid' | 'closed'

/** What the shop sends to register an order. Texts such as `body` are passed to unifiedorder unchanged. */
export type Terms = Readonly<{
  totalFee: Fen
  body: string
  attach: string | undefined
  detail: string | undefined
  goodsTag: string | undefined
  limitPay: string | undefined
  /** The only payer who may pay the order; undefined when every payer may. */
  openid: string | undefined
  /** How long the order can be paid unless it is extended, in seconds from `createdAt`. */
  expiresIn: number
}>

/** An order alone, without its attempts, payments and refunds. */
export type Order = Readonly<{
  ordercode: string
  state: OrderState
  /**
   * Grows by one with every event. The store writes a change
   * only if the stored revision is still the one that was read.
   */
  revision: number
  terms: Terms
  createdAt: UnixSeconds
  expiresAt: UnixSeconds
  /**
   * Whether the expiry was extended because an attempt was opened in the order's last minutes. An order is
   * extended only once.
   */
  extended: boolean
  /** WeChat's transaction_id of the payment that made the order `paid`. */
  transactionId: TransactionId | undefined
  /** When the payment in `transactionId` was made: WeChat's `time_end`. */
  paidAt: UnixSeconds | undefined
  closedAt: UnixSeconds | undefined
  /** When the operator last began a recovery after a restore of the database; undefined for never. */
  recoveredAt: UnixSeconds | undefined
}>

/** An order with its attempts, payments and refunds, all read at the same moment. */
export type OrderView = Readonly<{
  order: Order
  attempts: readonly Attempt[]
  payments: readonly BookedPayment[]
  refunds: readonly Refund[]
}>

/** Why an order is closed: it expired, or the shop closed it. */
export type CloseReason = 'expired' | 'shop'

/**
 * Why an attempt is closed: WeChat confirmed the close, WeChat does not know the number, WeChat has an order under
 * the number that is not ours, or the operator resolved the review of the attempt's payment with a note.
 */
export type AttemptEnd =
  'closed_at_wechat' | 'absent_at_wechat' | 'number_used' | 'settled_by_person'

/** A payment to record, and what happens to its money if no order waits for it. */
export type RecordedPayment = Readonly<{
  payment: Payment
  source: Source
  policy: RefundPolicy
  /** Whether WeChat has refunds of the payment. They are imported after the payment is recorded. */
  refunded: boolean
}>

/** The events that record a payment, or change a recorded one. */
export type PaymentEvent = Extract<
  OrderEvent,
  {
    type: 'payment_booked' | 'second_payment_recorded' | 'payment_accepted' | 'payment_restored'
  }
>

/** What can happen to an order. The shop sees `type` in the order's history. */
export type OrderEvent = Readonly<
  | { type: 'order_changed'; terms: Terms }
  | { type: 'attempt_opened'; attempt: Attempt }
  | { type: 'attempt_resent'; outTradeNo: OutTradeNo; codeHash: string }
  | { type: 'attempt_closing'; outTradeNo: OutTradeNo }
  | { type: 'attempt_closed'; outTradeNo: OutTradeNo; reason: AttemptEnd }
  | ({ type: 'payment_booked' } & RecordedPayment)
  | ({ type: 'second_payment_recorded' } & RecordedPayment)
  /** The operator keeps a returned payment whose money did not go back. */
  | { type: 'payment_accepted'; transactionId: TransactionId }
  /** The operator records a payment whose attempt was lost with a restore of the database. */
  | { type: 'payment_restored'; payment: Payment; attempt: Attempt }
  | {
      type: 'order_closed'
      reason: CloseReason
      /** The live attempt that ends with the order, if WeChat has just said that it is over. */
      attempt?: Readonly<{ outTradeNo: OutTradeNo; reason: AttemptEnd }>
    }
  | RefundEvent
>

/**
 * The end of a refund that WeChat does not have. It releases the refund's amount, so the caller holds the send
 * lease of the refund: the event is stored only if no other sender has had the lease since.
 */
type Release = Readonly<{ outRefundNo: OutRefundNo; lease: HeldLease }>
type Refusal = Release & Readonly<{ errCode: string; errCodeDes: string }>

/** What can happen to a refund of an order. `record` is WeChat's report about the refund. */
export type RefundEvent = Readonly<
  /** `dayLeft`: what REFUND_LIMIT_DAY leaves for refunds of this day; undefined when there is no limit. */
  | { type: 'refund_requested'; refund: Refund; dayLeft?: Fen | undefined }
  | { type: 'refund_started'; outRefundNo: OutRefundNo }
  | ({ type: 'refund_refused' } & Refusal)
  /** The operator gave up a refund that WeChat does not know, or no longer knows. */
  | ({ type: 'refund_given_up' } & Refusal)
  /**
   * The shop called the refund off. `never_sent`: no message of it was sent. `absent_at_wechat`: WeChat says that
   * it does not know the refund, and no message can be on its way.
   */
  | ({ type: 'refund_cancelled'; proof: 'never_sent' | 'absent_at_wechat' } & Release)
  | { type: 'refund_accepted'; record: RefundRecord }
  | { type: 'refund_succeeded'; record: RefundRecord }
  | { type: 'refund_closed'; record: RefundRecord }
  | { type: 'refund_abnormal'; record: RefundRecord }
  | { type: 'refund_discovered'; record: RefundRecord }
>

/** Whether the order is paid or closed, so that it takes no further payment. */
export const isOver = ({ order }: OrderView): boolean =>
  order.state === 'paid' || order.state === 'closed'

/** The attempt that the payer may still be able to pay. An order has at most one. */
export const liveAttempt = (view: OrderView): Attempt | undefined => view.attempts.find(isLive)

/** Finds an attempt. @returns undefined when the order has no attempt with this number. */
export const findAttempt = (view: OrderView, outTradeNo: OutTradeNo): Attempt | undefined =>
  view.attempts.find((attempt) => attempt.outTradeNo === outTradeNo)

/**
 * The number of the next attempt. Closed attempts keep their numbers. @returns undefined when all are used, as far
 * as our records have them.
 */
export function nextOutTradeNo(view: OrderView): OutTradeNo | undefined {
  const number = (view.attempts.at(-1)?.number ?? 0) + 1
  return number > ATTEMPTS_MAX ? undefined : formatOutTradeNo(view.order.ordercode, number)
}

/**
 * The revision of an order after a change: one more, but after a recovery never one that the lost records may have
 * had. A receiver of webhooks drops smaller revisions, so those since the recovery must be greater: ten for each
 * second since 1970 is more than any order has had, and a later recovery gives more.
 */
export const nextRevision = ({ revision, recoveredAt }: Order): number =>
  Math.max(revision + 1, (recoveredAt ?? 0) * REVISIONS_PER_SECOND)

/** By how much the revision of a recovery grows with every second. See {@link nextRevision}. */
export const REVISIONS_PER_SECOND = 10

/** Whether two registrations of an order have equal terms. Registering equal terms again changes nothing. */
export const sameTerms = (a: Terms, b: Terms): boolean =>
  a.totalFee === b.totalFee &&
  a.body === b.body &&
  a.attach === b.attach &&
  a.detail === b.detail &&
  a.goodsTag === b.goodsTag &&
  a.limitPay === b.limitPay &&
  a.openid === b.openid &&
  a.expiresIn === b.expiresIn

/**
 * When `order` expires after its terms are replaced by `terms`. If `expiresIn` is unchanged, so is the expiry,
 * even an extended one.
 */
export const expiryUnder = (order: Order, terms: Terms): UnixSeconds =>
  terms.expiresIn === order.terms.expiresIn
    ? order.expiresAt
    : later(order.createdAt, terms.expiresIn)
