import type { Payment } from '../core/payment.ts'
import type { Result } from '../core/result.ts'
import type { Secret } from '../core/secret.ts'
import type { Deps } from '../service/ports.ts'

/** What the routes need beside the use cases' world. */
export type HttpDeps = Deps &
  Readonly<{
    version: string
    /** The merchant's token, and during a rotation the one before it. */
    merchantTokens: readonly Secret[]
    notices: NoticeReader
  }>

export interface NoticeReader {
  read(bytes: Uint8Array): Promise<Result<Payment, Readonly<{ reason: string }>>>
  /** The only answer that WeChat takes for a delivery. */
  readonly accepted: string
  readonly refused: string
}
