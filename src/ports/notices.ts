import type { OutTradeNo, TransactionId } from '../core/ids.ts'
import type { Payment } from '../core/order/payment.ts'
import type { OutRefundNo } from '../core/order/refund.ts'
import type { Result } from '../lib/result.ts'

/** What a notice asks of us, once it is read and its origin is checked as far as the message allows. */
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

/** The two answers in the notice's own format. The status is the route's business. */
export type NoticeReply = Readonly<{
  contentType: string
  /** The only body that ends WeChat's deliveries. */
  accepted: string
  refused: string
}>

/** The notices of one URL. */
export interface NoticeReader {
  /**
   * Reads a notice. The headers matter to protocols that sign there.
   *
   * @returns what to do, or why the notice is not believed; and how to answer it either way.
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
