import type { OutTradeNo, TransactionId } from '../core/ids.ts'
import type { Payment } from '../core/order/payment.ts'
import type { OutRefundNo } from '../core/order/refund.ts'
import type { Result } from '../lib/result.ts'

/** What to do about a notice that was read, and whose origin was checked as far as its format allows. */
export type NoticeTask = Readonly<
  /** The notice is signed under the current key. */
  | { kind: 'record_payment'; payment: Payment }
  /** The notice is signed under the previous key alone: WeChat's answer to a query decides. */
  | { kind: 'confirm_payment'; payment: Payment }
  /** A refund notice carries no signature, so a query always decides. */
  | { kind: 'confirm_refund'; refund: UnverifiedRefund }
>

/** A refund as an unsigned notice states it. */
export type UnverifiedRefund = Readonly<{
  outRefundNo: OutRefundNo
  transactionId: TransactionId
  outTradeNo: OutTradeNo
  /** Only the previous key could decrypt it. Keys are replaced because they leak. */
  isUnderOldKey: boolean
}>

/** The two answers in the notice's own format. The route chooses the HTTP status. */
export type NoticeReply = Readonly<{
  contentType: string
  /** The only body after which WeChat does not send the notice again. */
  accepted: string
  refused: string
}>

/** Reads the notices that WeChat sends to one URL. */
export interface NoticeReader {
  /**
   * Reads a notice. The headers are for protocols that put the signature there.
   *
   * @returns what to do, or why the notice is refused; and how to answer in both cases.
   */
  read(
    headers: Headers,
    bytes: Uint8Array,
  ): Promise<
    Readonly<{ task: Result<NoticeTask, Readonly<{ reason: string }>>; reply: NoticeReply }>
  >
  /** How to answer a notice whose body could not be received. */
  replyTo(headers: Headers): NoticeReply
}
