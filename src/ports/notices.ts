import type { OutTradeNo, TransactionId } from '../core/ids.ts'
import type { Payment } from '../core/order/payment.ts'
import type { OutRefundNo } from '../core/order/refund.ts'
import type { Result } from '../lib/result.ts'

/**
 * What the Worker must do about a notice. The notice was
 * read, and its origin checked as far as its format allows.
 */
export type NoticeTask = Readonly<
  /** A payment notice that is signed under the merchant's current API key. */
  | { kind: 'record_payment'; payment: Payment }
  /** The notice is signed under the previous key alone: WeChat's answer to a query decides. */
  | { kind: 'confirm_payment'; payment: Payment }
  /**
   * The notice is about a refund. Refund notices carry no
   * signature, so WeChat's answer to a query always decides.
   */
  | { kind: 'confirm_refund'; refund: UnverifiedRefund }
>

/** The refund that an unsigned notice names. These values are not verified. */
export type UnverifiedRefund = Readonly<{
  appid: string
  outRefundNo: OutRefundNo
  transactionId: TransactionId
  outTradeNo: OutTradeNo
  /**
   * Whether only the previous API key could decrypt the notice. Keys are replaced because they leak, so the
   * notice may be forged.
   */
  isUnderOldKey: boolean
}>

/** The two possible answers to a notice, in the notice's own format. The route chooses the HTTP status. */
export type NoticeReply = Readonly<{
  contentType: string
  /** The only body after which WeChat does not send the notice again. */
  accepted: string
  refused: string
}>

/** Reads the notices that WeChat sends to one URL. */
export interface NoticeReader {
  /**
   * Reads a notice. `headers` is for protocols that put the signature into the headers.
   *
   * @returns what to do, or why the notice is refused; and in both cases the possible answers.
   */
  read(
    headers: Headers,
    bytes: Uint8Array,
  ): Promise<
    Readonly<{ task: Result<NoticeTask, Readonly<{ reason: string }>>; reply: NoticeReply }>
  >
  /** The possible answers to a notice whose body could not be received. */
  replyTo(headers: Headers): NoticeReply
}
