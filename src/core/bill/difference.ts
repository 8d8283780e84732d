import type { BeijingDay } from '../day.ts'
import type { Review } from '../review.ts'

/** In what way WeChat's bill and our records disagree. */
export type DifferenceKind =
  /** The bill has the payment or refund, our records do not. */
  | 'payment_not_here'
  | 'refund_not_here'
  /** Our records have the payment or refund, no bill does. */
  | 'payment_not_in_bill'
  | 'refund_not_in_bill'
  /** Both have the payment or refund, but with different amounts or numbers. */
  | 'payment_differs'
  | 'refund_differs'
  /** A payment that was reversed by a command, which mini programs do not have. */
  | 'payment_revoked'
  /** The file is wrong: a row is unreadable or appears twice, or the last line is not the sum of the rows. */
  | 'row_unreadable'
  | 'sum_differs'

/** One disagreement between WeChat's bill of a day and our records. */
export type Difference = Readonly<{
  day: BeijingDay
  kind: DifferenceKind
  /** Depending on the kind: a transaction_id, an out_refund_no, the number of a row or the name of a sum. */
  subject: string
  ordercode: string | undefined
  /** What WeChat's bill states (`bill`) and our records (`books`); undefined where there is nothing. */
  bill: Readonly<Record<string, string | number>> | undefined
  books: Readonly<Record<string, string | number>> | undefined
  /**
   * `booked`: WeChat confirmed the bill, and our records agree with it now. `review`: it has its own review.
   * `collected`: one review stands for all of its kind. Undefined while it is open.
   */
  outcome: 'booked' | 'review' | 'collected' | undefined
  /** How often the Worker tried to settle it. */
  tries: number
}>

/**
 * One review for many differences of a kind. So many mean that the bill, or our records, are wrong as a
 * whole.
 */
export const collectedReview = (day: BeijingDay, kind: DifferenceKind, count: number): Review => ({
  kind: 'bill_difference',
  subject: `${day}.${kind}`,
  ordercode: undefined,
  evidence: { day, difference: kind, count },
})

/**
 * Whether a query to WeChat can settle such a difference: it can say what we lack, and how a refund stands.
 * Every other difference goes straight to a review.
 */
export const isQueryable = (kind: DifferenceKind): boolean =>
  kind === 'payment_not_here' || kind === 'refund_not_here' || kind === 'refund_differs'

/** The review of a day whose bill WeChat does not provide, or whose file cannot be read. */
export const missingBillReview = (day: BeijingDay, reason: string): Review => ({
  kind: 'bill_difference',
  subject: `${day}.bill_missing`,
  ordercode: undefined,
  evidence: { day, difference: 'bill_missing', reason },
})

/** With this many differences of a kind, one review stands for all of them: a person would not read more. */
export const REVIEWS_MAX = 100

/** The review of a difference that no query settled, with both sides as evidence. */
export const differenceReview = (difference: Difference): Review => ({
  kind: 'bill_difference',
  subject: `${difference.day}.${difference.kind}.${difference.subject}`,
  ordercode: difference.ordercode,
  evidence: {
    day: difference.day,
    difference: difference.kind,
    subject: difference.subject,
    ...prefixed('bill', difference.bill),
    ...prefixed('books', difference.books),
  },
})

/** The fields of one side, named for the evidence of a review: `bill_total_fee`, `books_total_fee`. */
const prefixed = (
  side: string,
  values: Readonly<Record<string, string | number>> | undefined,
): Record<string, string | number> =>
  Object.fromEntries(
    Object.entries(values ?? {}).map(([name, value]) => [`${side}_${name}`, value]),
  )
