/** Refunds as the use cases have them stored. */
import type { OrderView } from '../core/order/order.ts'
import type { OutRefundNo, Refund } from '../core/order/refund.ts'
import type { UnixSeconds } from '../core/time.ts'

export interface RefundStore {
  /**
   * Reserves a refund in one round trip, when it fits what is left of the payment, and reads the order
   * back. If it is started then, the turn to send it is the caller's. `reserved` is false in every other case, and the view explains it.
   */
  reserve(
    ordercode: string,
    refund: Refund,
    now: UnixSeconds,
  ): Promise<Readonly<{ reserved: boolean; view: OrderView | undefined }>>
  /**
   * Takes the turn to send a refund that WeChat has not taken on. @returns undefined when it is somebody
   * else's.
   */
  takeTurn(outRefundNo: OutRefundNo, now: UnixSeconds): Promise<Turn | undefined>
  /** Ends the turn: nothing was sent. */
  giveUpTurn(outRefundNo: OutRefundNo): Promise<void>
  /**
   * Ends the turn: why WeChat does not take it yet.
   *
   * @param unansweredAt When the same words went out before, without a clear answer.
   */
  noteRefusal(
    outRefundNo: OutRefundNo,
    refusal: Readonly<{ errCode: string; errCodeDes: string }>,
    unansweredAt: UnixSeconds | undefined,
  ): Promise<void>
  /** Ends the turn: WeChat may or may not have got it. */
  noteUnanswered(outRefundNo: OutRefundNo, now: UnixSeconds): Promise<void>
  ordercodeOfRefund(outRefundNo: OutRefundNo): Promise<string | undefined>
  claimRefunds(now: UnixSeconds, limit: number): Promise<ClaimedRefunds>
  countDueRefunds(now: UnixSeconds): Promise<number>
  rescheduleRefunds(claimed: ClaimedRefunds, next: readonly NextRefundDue[]): Promise<void>
}

export type ClaimedRefunds = Readonly<{
  leaseUntil: UnixSeconds
  items: readonly Readonly<{
    outRefundNo: OutRefundNo
    ordercode: string
    /** To send it, if WeChat has not taken it on and nobody else is at it. */
    turn: Turn | undefined
  }>[]
}>

/** Of several who would send a refund at once, one has it. */
export type Turn = Readonly<{
  /** When it was last sent without an answer. */
  unansweredAt: UnixSeconds | undefined
}>
export type NextRefundDue = Readonly<{ outRefundNo: OutRefundNo; dueAt: UnixSeconds | undefined }>
