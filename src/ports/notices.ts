import type { OutTradeNo, TransactionId } from '../core/ids.ts'
import type { Payment } from '../core/order/payment.ts'
import type { OutRefundNo } from '../core/order/refund.ts'
import type { Result } from '../lib/result.ts'

export type RefundHint = Readonly<{
  outRefundNo: OutRefundNo
  transactionId: TransactionId
  outTradeNo: OutTradeNo
  /** Only the key before the present one could read it: keys are changed because they leak. */
  isUnderOldKey: boolean
}>
export interface NoticeReader {
  /** A `hint` is vouched for only by the key before this one. */
  read(
    bytes: Uint8Array,
  ): Promise<Result<Readonly<{ payment: Payment; hint: boolean }>, Readonly<{ reason: string }>>>
  readRefund(bytes: Uint8Array): Result<RefundHint, Readonly<{ reason: string }>>
  /** The only answer that WeChat takes for a delivery. */
  readonly accepted: string
  readonly refused: string
}
