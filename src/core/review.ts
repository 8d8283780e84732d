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
 * Whether a fact can happen anew after its review was resolved. While a review is open, its fact opens no other
 * one.
 *
 * - `never`: WeChat repeats its report about one payment or refund, and that stays one fact.
 * - `each_time`: the review is written in the batch of the change that it is about, so a further change is a
 *   new fact.
 * - `if_changed`: we look again and again, and find the same. The fact is new if it was over in between, or if
 *   other evidence is found than the last time, apart from {@link PASSING_EVIDENCE}.
 *
 * `docs/decisions/0010-review-ids.md` has the reasons.
 */
export type Recurrence = 'never' | 'each_time' | 'if_changed'

/** Whether a fact can happen anew, for each kind of review. */
export const RECURRENCE: Readonly<Record<ReviewKind, Recurrence>> = {
  amount_mismatch: 'never',
  currency_mismatch: 'never',
  unknown_order: 'never',
  foreign_payment: 'never',
  transaction_conflict: 'if_changed',
  late_payment: 'each_time',
  second_payment: 'each_time',
  partly_returned: 'never',
  refund_abnormal: 'each_time',
  refund_overdue: 'never',
  refund_waiting: 'if_changed',
  refund_failed: 'each_time',
  refund_conflict: 'if_changed',
  bill_difference: 'if_changed',
  webhook_given_up: 'each_time',
  other_merchant: 'if_changed',
}

/**
 * Fields of the evidence that change while what was found stays the same: the state of our refund, how many
 * refunds are held back, and whether a notice or a query said it.
 */
export const PASSING_EVIDENCE = ['books_state', 'refunds', 'refund_fee', 'source'] as const

/**
 * A fact that a person must look at. `kind` and `subject` identify the fact: at most one review about it is
 * open. {@link RECURRENCE} says whether it may open another one later.
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

/**
 * The id of the first review about a fact. The following ones have a number behind it, from `.2` on, which the
 * store assigns.
 */
export const reviewId = ({ kind, subject }: Pick<Review, 'kind' | 'subject'>): string =>
  `${kind}.${subject}`

/**
 * Whether a webhook announces reviews of this kind. A review about a webhook that was given up has none,
 * because that would probably fail, too.
 */
export const isAnnounced = (kind: ReviewKind): boolean => kind !== 'webhook_given_up'

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
