import type { Actor } from './actor.ts'
import type { UnixSeconds } from './time.ts'

/** Why a person must look. `docs/operations.md` says what happened and what to do, kind by kind. */
export type ReviewKind =
  | 'amount_mismatch'
  | 'currency_mismatch'
  | 'unknown_order'
  | 'foreign_payment'
  | 'transaction_conflict'
  | 'late_payment'
  | 'second_payment'
  | 'partly_returned'
  | 'refund_abnormal'
  | 'refund_overdue'
  | 'refund_waiting'
  | 'refund_failed'
  | 'refund_conflict'
  | 'bill_difference'
  | 'webhook_given_up'
  | 'other_merchant'

/**
 * A fact that a person must look at. `kind` and `subject`
 * identify the review: the same fact opens no second one.
 */
export type Review = Readonly<{
  kind: ReviewKind
  /**
   * What the review is about: a transaction_id, an out_refund_no, the reason why refunds are held back, a bill's
   * day with one of its differences, the id of a webhook, or a merchant number.
   */
  subject: string
  /** The order that is concerned; undefined for a bill as a whole, and for a payment of an unknown order. */
  ordercode: string | undefined
  /** What was found and what was expected. A field whose name ends in `_at` is a time in Unix seconds. */
  evidence: Readonly<Record<string, string | number | boolean>>
}>

/** A review as stored. It is open as long as `resolvedAt` is undefined. */
export type StoredReview = Review &
  Readonly<{
    id: string
    openedAt: UnixSeconds
    /** Who opened the review; once it is resolved, who resolved it. */
    actor: Actor
    resolvedAt: UnixSeconds | undefined
    /** The action with which the operator resolved the review; undefined for a note alone. */
    action: ReviewAction | undefined
    note: string | undefined
  }>

/** What the operator decides about a payment: `accept` records it, `refund` returns it. */
export type ReviewAction = 'accept' | 'refund'

/** The id of a review. It derives from `kind` and `subject`, so the same fact always has the same id. */
export const reviewId = ({ kind, subject }: Pick<Review, 'kind' | 'subject'>): string =>
  `${kind}.${subject}`

/**
 * Whether a review of this kind may be resolved with `accept`. The operator can accept an unexpected payer,
 * trade type or time, but not a wrong amount; a returned payment whose refund failed; and a payment whose order was
 * lost with a restore of the database, once the shop has registered the order again.
 */
export const mayAccept = (kind: ReviewKind): boolean =>
  kind === 'foreign_payment' || kind === 'refund_failed' || kind === 'unknown_order'

/**
 * Whether a review of this kind may be resolved with `refund`. Only a recorded payment can be refunded; a
 * foreign payment is recorded first, in order to return it.
 */
export const mayRefund = (kind: ReviewKind): boolean =>
  kind === 'late_payment' ||
  kind === 'second_payment' ||
  kind === 'foreign_payment' ||
  kind === 'partly_returned'

/**
 * Whether a review of this kind keeps the attempt of its payment open. Such a payment is not recorded, and
 * WeChat answers every query with "paid", so only resolving the review closes the attempt.
 */
export const keepsAttemptOpen = (kind: ReviewKind): boolean =>
  kind === 'amount_mismatch' ||
  kind === 'currency_mismatch' ||
  kind === 'foreign_payment' ||
  kind === 'transaction_conflict'
