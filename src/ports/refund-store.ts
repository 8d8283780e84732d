import type { OrderView } from '../core/order/order.ts'
import type { OutRefundNo, Refund } from '../core/order/refund.ts'
import type { UnixSeconds } from '../core/time.ts'

/**
 * Refunds as stored, and the leases for sending them. Events
 * that change a refund are written by the `OrderStore`.
 *
 * @throws StoreUnavailable from any method.
 */
export interface RefundStore {
  /**
   * Reserves a refund in one round trip, if its amount fits what is left of the payment, and reads the order
   * back. If no other refund of the payment was started in the last minute, the same write starts this refund
   * and leases it to the caller for sending. If the refund is not reserved, `view` shows the caller why.
   */
  reserve(
    ordercode: string,
    refund: Refund,
    now: UnixSeconds,
  ): Promise<Readonly<{ reserved: boolean; view: OrderView | undefined }>>
  /**
   * Leases a refund to the caller, who may then send it.
   *
   * @returns undefined when a concurrent sender holds the lease, or WeChat has accepted the refund.
   */
  acquireSendLease(
    ordercode: string,
    outRefundNo: OutRefundNo,
    now: UnixSeconds,
  ): Promise<SendLease | undefined>
  /** Ends the send lease of a refund that the caller did not send. */
  releaseSendLease(ordercode: string, outRefundNo: OutRefundNo): Promise<void>
  /**
   * Ends the lease of a refund, and stores why WeChat does not accept the refund yet.
   *
   * @param unansweredAt When the refund was last sent without a clear answer; undefined keeps the stored
   *   time.
   */
  noteRefusal(
    ordercode: string,
    outRefundNo: OutRefundNo,
    refusal: Readonly<{ errCode: string; errCodeDes: string }>,
    unansweredAt: UnixSeconds | undefined,
  ): Promise<void>
  /**
   * Ends the lease of a refund whose last send had no clear answer: WeChat may or may not have received it.
   */
  noteUnanswered(ordercode: string, outRefundNo: OutRefundNo, now: UnixSeconds): Promise<void>
  /**
   * Finds the order that uses a refund number. Refund numbers are unique per merchant.
   *
   * @returns the ordercode; undefined when no order uses the number.
   */
  ordercodeOf(outRefundNo: OutRefundNo): Promise<string | undefined>
  /** Leases due refunds to this run of the cron, the longest due first. */
  claimDue(now: UnixSeconds, limit: number): Promise<ClaimedRefunds>
  /** Counts the refunds that are due, up to a thousand. */
  countDue(now: UnixSeconds): Promise<number>
  /** Sets when claimed refunds are due again, except refunds that changed since they were claimed. */
  reschedule(claimed: ClaimedRefunds, next: readonly NextRefundDue[]): Promise<void>
}

/** Due refunds that are leased to one run of the cron, so that no other run works on them. */
export type ClaimedRefunds = Readonly<{
  leaseUntil: UnixSeconds
  items: readonly ClaimedRefund[]
}>

/** A due refund. */
export type ClaimedRefund = Readonly<{
  outRefundNo: OutRefundNo
  ordercode: string
  /**
   * The lease for sending the refund; undefined when WeChat has
   * accepted the refund, or a concurrent sender holds the lease.
   */
  lease: SendLease | undefined
}>

/** The right to send a refund. Of several concurrent senders, only one holds the right. */
export type SendLease = Readonly<{
  /** When the refund was last sent without an answer; undefined for never. */
  unansweredAt: UnixSeconds | undefined
}>

/** When the cron looks at a claimed refund again; `undefined` for never. */
export type NextRefundDue = Readonly<{
  ordercode: string
  outRefundNo: OutRefundNo
  dueAt: UnixSeconds | undefined
}>
