import type { Payment } from '../../core/order/payment.ts'
import type { Result } from '../../lib/result.ts'
import type { Secret } from '../../lib/secret.ts'
import type { RefundHint } from '../../service/refund/confirm-refund-notice.ts'
import type { Deps } from '../../ports/deps.ts'

/** What the routes need beside the use cases' world. */
export type HttpDeps = Deps &
  Readonly<{
    version: string
    /** The merchant's token, and during a rotation the one before it. */
    merchantTokens: readonly Secret[]
    notices: NoticeReader
    /** Whether a client's address may come again so soon. Loose: mobile carriers share addresses. */
    admitAddress: (ip: string) => Promise<boolean>
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
