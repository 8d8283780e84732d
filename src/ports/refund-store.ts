import type { Fen } from '../core/money.ts'
import type { OrderView } from '../core/order/order.ts'
import type { HeldLease } from '../core/order/refund-schedule.ts'
import type { OutRefundNo, Refund } from '../core/order/refund.ts'
import type { Held } from '../core/order/reviews.ts'
import type { UnixSeconds } from '../core/time.ts'

/**
 * What the configuration allows to leave the merchant's account. The store enforces it: it gives no lease for
 * sending a refund that is held back.
 */
export type RefundLimits = Readonly<{
  /** Whether no refund may be sent (REFUNDS=paused). */
  paused: boolean
  /** The most that may be requested in one Beijing day, in fen (REFUND_LIMIT_DAY); undefined for no limit. */
  perDay: Fen | undefined
}>

/**
 * Refunds as stored, and the leases for sending them. Events
 * that change a refund are written by the `OrderStore`.
 *
 * @throws StoreUnavailable from any method.
 */
export interface RefundStore {
  /**
   * Reserves a refund in one round trip, if its amount fits what is left of the payment and of the day's limit,
   * and reads the order back. If no other refund of the payment was started in the last minute, the same write
   * starts this refund and leases it to the caller for sending.
   */
  reserve(ordercode: string, refund: Refund, now: UnixSeconds): Promise<Reservation>
  /**
   * Leases a refund to the caller, who may then send it.
   *
   * @returns undefined when a concurrent holder has the lease, the refund is held back, or it has a final state.
   */
  acquireSendLease(
    ordercode: string,
    outRefundNo: OutRefundNo,
    now: UnixSeconds,
  ): Promise<SendLease | undefined>
  /**
   * Leases a refund to the caller, who may then end it: until the lease ends, no concurrent sender sends it.
   * Also a refund that is held back can be ended.
   *
   * @returns undefined when a concurrent holder has the lease, or the refund has a final state.
   */
  acquireEndLease(
    ordercode: string,
    outRefundNo: OutRefundNo,
    now: UnixSeconds,
  ): Promise<SendLease | undefined>
  /** Ends the send lease of a refund that the caller did not send. */
  releaseSendLease(ordercode: string, outRefundNo: OutRefundNo, lease: SendLease): Promise<void>
  /**
   * Ends the lease of a refund, and stores why WeChat does not accept the refund yet.
   *
   * @param unansweredAt When the refund was last sent without a clear answer; undefined keeps the stored
   *   time.
   */
  noteRefusal(
    ordercode: string,
    outRefundNo: OutRefundNo,
    lease: SendLease,
    refusal: Readonly<{ errCode: string; errCodeDes: string }>,
    unansweredAt: UnixSeconds | undefined,
  ): Promise<void>
  /**
   * Ends the lease of a refund whose last send had no clear answer: WeChat may or may not have received it.
   */
  noteUnanswered(
    ordercode: string,
    outRefundNo: OutRefundNo,
    lease: SendLease,
    now: UnixSeconds,
  ): Promise<void>
  /** Resolves the open review about a refund that waits, if the refund does not wait any more. */
  endWaitingReview(outRefundNo: OutRefundNo, now: UnixSeconds): Promise<void>
  /**
   * Finds the order that uses a refund number. Refund numbers are unique per merchant.
   *
   * @returns the ordercode; undefined when no order uses the number.
   */
  ordercodeOf(outRefundNo: OutRefundNo): Promise<string | undefined>
  /**
   * Leases due refunds to this run of the cron, the longest due first, without those that are held back or are being
   * sent. If none is held back any more, the review about them is resolved.
   */
  claimDue(now: UnixSeconds, limit: number): Promise<ClaimedRefunds>
  /** Sets when claimed refunds are due again, except refunds that changed since they were claimed. */
  reschedule(claimed: ClaimedRefunds, next: readonly NextRefundDue[]): Promise<void>
}

/** Due refunds that are leased to one run of the cron, so that no other run works on them. */
export type ClaimedRefunds = Readonly<{
  leaseUntil: UnixSeconds
  items: readonly ClaimedRefund[]
  /** Due refunds that are held back; undefined for none. */
  held: Held | undefined
}>

/** A due refund. */
export type ClaimedRefund = Readonly<{
  outRefundNo: OutRefundNo
  ordercode: string
  /** The merchant number of the refund's payment. */
  mchId: string
  /**
   * The lease for sending the refund; undefined when WeChat has accepted the refund.
   */
  lease: SendLease | undefined
}>

/** The right to send a refund, or to end it. Of several concurrent requests, only one holds the right. */
export type SendLease = HeldLease &
  Readonly<{
    /** When the refund may last have been sent without an answer; undefined for never. */
    unansweredAt: UnixSeconds | undefined
  }>

/** The outcome of a reservation. */
export type Reservation = Readonly<{
  /** Whether this call reserved the refund. If not, `view` and `dayLeft` show why. */
  reserved: boolean
  /** The order as it is afterwards; undefined when it does not exist. */
  view: OrderView | undefined
  /** The lease, if this call also started the refund. */
  lease: SendLease | undefined
  /** What the day's limit leaves for further refunds; undefined when there is no limit. */
  dayLeft: Fen | undefined
}>

/** When the cron looks at a claimed refund again; `undefined` for never. */
export type NextRefundDue = Readonly<{
  ordercode: string
  outRefundNo: OutRefundNo
  dueAt: UnixSeconds | undefined
}>
