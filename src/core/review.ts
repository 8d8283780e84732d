import type { UnixSeconds } from './time.ts'

export type ReviewKind =
  | 'amount_mismatch'
  | 'currency_mismatch'
  | 'unknown_order'
  | 'foreign_payment'
  | 'late_payment'
  | 'second_payment'
  | 'partly_returned'
  | 'refund_abnormal'
  | 'refund_overdue'
  | 'refund_failed'
  | 'refund_conflict'
  | 'bill_difference'
  | 'webhook_given_up'

/** Something that a person must look at. Unique by kind and subject. */
export type Review = Readonly<{
  kind: ReviewKind
  /** A transaction_id, an out_refund_no, a difference of a bill, the id of a delivery. */
  subject: string
  ordercode: string | undefined
  /** What was seen, and what was expected. */
  evidence: Readonly<Record<string, string | number | boolean>>
}>

export type StoredReview = Review &
  Readonly<{
    id: string
    openedAt: UnixSeconds
    resolvedAt: UnixSeconds | undefined
    action: ReviewAction | undefined
    note: string | undefined
  }>

export type ReviewAction = 'accept' | 'refund'

export const reviewId = ({ kind, subject }: Pick<Review, 'kind' | 'subject'>): string =>
  `${kind}.${subject}`

/** Only a payment of another payer, kind or time can be taken for good; an amount cannot. */
export const mayAccept = (kind: ReviewKind): boolean => kind === 'foreign_payment'

/** What is on the books can be returned, and what a person may put there to return it. */
export const mayRefund = (kind: ReviewKind): boolean =>
  kind === 'late_payment' ||
  kind === 'second_payment' ||
  kind === 'foreign_payment' ||
  kind === 'partly_returned'

/** A payment that is not booked: the query goes on saying "paid", so nothing else can end its attempt. */
export const keepsAttemptOpen = (kind: ReviewKind): boolean =>
  kind === 'amount_mismatch' || kind === 'currency_mismatch' || kind === 'foreign_payment'
