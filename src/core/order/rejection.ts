import type { TransactionId } from '../ids.ts'
import type { Fen } from '../money.ts'

export type Rejection =
  PaymentRejection | RefundRejection | Readonly<{ reason: 'illegal_transition' }>
/** Why a refund is not taken on. */
export type RefundRejection = Readonly<
  | { reason: 'order_not_paid' }
  /** The number is there already, with another amount, payment or reason. */
  | { reason: 'refund_conflict' }
  | { reason: 'refund_exceeds_payment'; left: Fen }
  | { reason: 'too_many_refunds' }
>
/** Why a payment that WeChat vouches for is not booked. */
export type PaymentRejection = Readonly<
  | { reason: 'unknown_order' }
  | { reason: 'amount_mismatch'; expected: Fen; got: Fen }
  | { reason: 'currency_mismatch'; got: string }
  | { reason: 'foreign_payment'; mismatch: 'openid' | 'trade_type' | 'time_end' }
  | { reason: 'second_payment'; recorded: TransactionId }
>
