import type { OrderView } from '../core/order/order.ts'
import type { OutRefundNo, Refund } from '../core/order/refund.ts'
import type { UnixSeconds } from '../core/time.ts'

/** Refunds as stored, beside the events of their order. @throws StoreUnavailable from any method. */
export interface RefundStore {
  /**
   * Reserves a refund in one round trip, when it fits what is left of the payment, and reads the order
   * back. A refund that is started with its reservation is leased to the caller for sending. `reserved` is
   * false in every other case, and the view explains why.
   */
  reserve(
    ordercode: string,
    refund: Refund,
    now: UnixSeconds,
  ): Promise<Readonly<{ reserved: boolean; view: OrderView | undefined }>>
  /**
   * Leases a refund that WeChat has not accepted to the caller, for sending.
   *
   * @returns undefined when a concurrent sender holds the lease, or WeChat has accepted the refund.
   */
  acquireSendLease(
    ordercode: string,
    outRefundNo: OutRefundNo,
    now: UnixSeconds,
  ): Promise<SendLease | undefined>
  /** Ends the lease when nothing was sent. */
  releaseSendLease(ordercode: string, outRefundNo: OutRefundNo): Promise<void>
  /**
   * Ends the lease with the reason why WeChat does not accept the refund yet.
   *
   * @param unansweredAt When the same request was sent before without a clear answer.
   */
  noteRefusal(
    ordercode: string,
    outRefundNo: OutRefundNo,
    refusal: Readonly<{ errCode: string; errCodeDes: string }>,
    unansweredAt: UnixSeconds | undefined,
  ): Promise<void>
  /** Ends the lease of a refund that WeChat may or may not have received. */
  noteUnanswered(ordercode: string, outRefundNo: OutRefundNo, now: UnixSeconds): Promise<void>
  /** A refund number is unique per merchant. @returns the order that uses it. */
  ordercodeOf(outRefundNo: OutRefundNo): Promise<string | undefined>
  /** Leases due refunds to this run, the longest due first, until the lease ends. */
  claimDue(now: UnixSeconds, limit: number): Promise<ClaimedRefunds>
  /** @returns how many refunds are due, up to a thousand. */
  countDue(now: UnixSeconds): Promise<number>
  /** Sets when claimed refunds are due again; refunds that changed since are left alone. */
  reschedule(claimed: ClaimedRefunds, next: readonly NextRefundDue[]): Promise<void>
}

export type ClaimedRefunds = Readonly<{
  leaseUntil: UnixSeconds
  items: readonly ClaimedRefund[]
}>

export type ClaimedRefund = Readonly<{
  outRefundNo: OutRefundNo
  ordercode: string
  /** For sending it; undefined when WeChat has accepted it, or a concurrent sender holds the lease. */
  lease: SendLease | undefined
}>

/** Of several senders of one refund at the same time, one holds the lease. */
export type SendLease = Readonly<{
  /** When the refund was last sent without an answer. */
  unansweredAt: UnixSeconds | undefined
}>

/** When a claimed refund is due again; `undefined` for never. */
export type NextRefundDue = Readonly<{
  ordercode: string
  outRefundNo: OutRefundNo
  dueAt: UnixSeconds | undefined
}>
