import type { TransactionId } from '../ids.ts'
import type { Fen } from '../money.ts'

/**
 * Why an event is rejected and changes nothing.
 * `illegal_transition`: the order's state does not allow the event.
 */
export type Rejection =
  PaymentRejection | RefundRejection | Readonly<{ reason: 'illegal_transition' }>

/** Why the Worker does not accept the shop's request for a refund. */
export type RefundRejection = Readonly<
  | { reason: 'order_not_paid' }
  /** The refund number is in use for a refund with another amount, payment, reason or account. */
  | { reason: 'refund_conflict' }
  /** `left` is the amount of the payment that can still be refunded. */
  | { reason: 'refund_exceeds_payment'; left: Fen }
  | { reason: 'too_many_refunds' }
  /** `left` is what REFUND_LIMIT_DAY leaves for refunds of this day. */
  | { reason: 'refund_limit_reached'; left: Fen }
>

/** Why a payment that WeChat confirms is not recorded as the order's payment. */
export type PaymentRejection = Readonly<
  | { reason: 'unknown_order' }
  /** The payment belongs to another mini program or merchant number than the attempt. */
  | { reason: 'wrong_merchant' }
  | { reason: 'amount_mismatch'; expected: Fen; got: Fen }
  | { reason: 'currency_mismatch'; got: string }
  | { reason: 'foreign_payment'; mismatch: 'openid' | 'trade_type' | 'time_end' }
  /** Another order, or another attempt of this one, `recordedFor`, has a payment with this transaction_id. */
  | { reason: 'transaction_conflict'; recordedFor: string }
  /** The order is already paid by another payment, whose transaction_id is `recorded`. */
  | { reason: 'second_payment'; recorded: TransactionId }
>

/**
 * Whether an event that was not applied may be applied later: concurrent requests were faster (`contended`), or
 * the order does not allow the event yet.
 */
export const isRetryable = (reason: string): boolean =>
  reason === 'contended' || reason === 'illegal_transition'
