import type { BeijingDay } from '../day.ts'
import type { Review } from '../review.ts'

/** In what way WeChat's bill of a day and our records disagree. */
export type DifferenceKind =
  /** The bill has the payment or refund, our records do not. */
  | 'payment_not_here'
  | 'refund_not_here'
  /** The same, and the number is as ours are, but we have no such order. */
  | 'payment_of_unknown_order'
  | 'refund_of_unknown_order'
  /** Our records have the payment or refund, but no bill of any day has it. */
  | 'payment_not_in_bill'
  | 'refund_not_in_bill'
  /** The bill and our records have the payment or refund, but its amount, its payer or one of its ids differs. */
  | 'payment_differs'
  | 'refund_differs'
  /** The bill has the payment or refund more than once, or the bill of another day has it, too. */
  | 'payment_repeated'
  | 'refund_repeated'
  /** The bill has a payment that a cashier's command reversed. Mini programs have no such command. */
  | 'payment_revoked'
  /** A row is unreadable, or its time is not on the bill's day. */
  | 'row_unreadable'
  | 'row_outside_day'
  /** Sums differ: those of the last line and of the rows, or those of the rows and of our records. */
  | 'sum_differs'
  /** WeChat charged a rate of its service fee that the bills of the days before do not have. */
  | 'rate_changed'

/** One disagreement between WeChat's bill of a day and our records. */
export type Difference = Readonly<{
  day: BeijingDay
  kind: DifferenceKind
  /**
   * What the difference is about. Depending on its kind: a transaction_id, an out_refund_no, the number of a
   * row in the bill or the name of a sum.
   */
  subject: string
  ordercode: string | undefined
  /** What WeChat's bill (`bill`) and our records (`books`) state. A side without an entry is undefined. */
  bill: Side | undefined
  books: Side | undefined
  /**
   * How the difference was resolved; undefined while it is open. `booked`: WeChat confirmed what the bill
   * states, and our records agree with it now. `review`: the difference has a review of its own. `collected`:
   * one review covers all differences of the kind.
   */
  outcome: 'booked' | 'review' | 'collected' | undefined
  /** How often the Worker tried to resolve this difference. */
  tries: number
}>

/** A difference with the id of the last review about it; undefined when it has none. */
export type ReportedDifference = Difference & Readonly<{ reviewId: string | undefined }>

/** What one side states, by field. A field whose name ends in `_at` is a time in Unix seconds. */
export type Side = Readonly<Record<string, string | number>>

/** A difference that was just found: without an outcome. */
export const found = (
  difference: Pick<Difference, 'day' | 'kind' | 'subject'> & Partial<Difference>,
): Difference => ({
  ordercode: undefined,
  bill: undefined,
  books: undefined,
  outcome: undefined,
  tries: 0,
  ...difference,
})

/**
 * The one review that covers all differences of a kind when there are very many. Then the bill as a whole is
 * wrong, or our records are.
 */
export const collectedReview = (day: BeijingDay, kind: DifferenceKind, count: number): Review => ({
  kind: 'bill_difference',
  subject: `${day}.${kind}`,
  ordercode: undefined,
  evidence: { day, difference: kind, count },
})

/**
 * Whether a query to WeChat can resolve a difference of this kind: WeChat can report a payment or refund that
 * our records lack, and the state of a refund. A difference of any other kind opens a review without a query.
 */
export const isQueryable = (kind: DifferenceKind): boolean =>
  kind === 'payment_not_here' || kind === 'refund_not_here' || kind === 'refund_differs'

/** Whether a difference of this kind stands for rows that repeat another one; its `rows` says how many. */
export const isRepetition = (kind: DifferenceKind): boolean =>
  kind === 'payment_repeated' || kind === 'refund_repeated'

/** The review of a day whose bill WeChat does not provide, or whose file cannot be read. */
export const missingBillReview = (day: BeijingDay, reason: string): Review => ({
  kind: 'bill_difference',
  subject: `${day}.bill_missing`,
  ordercode: undefined,
  evidence: { day, difference: 'bill_missing', reason },
})

/**
 * The number of differences of a kind from which on one review covers all of them, because a person would not
 * read more reviews.
 */
export const REVIEWS_MAX = 100

/**
 * The review of one difference that no query resolved. The evidence has both sides. A payment of an unknown order
 * has the same review as after a notice, because the operator can accept the payment once the shop has registered
 * the order again.
 */
export const differenceReview = (difference: Difference): Review =>
  difference.kind === 'payment_of_unknown_order'
    ? {
        kind: 'unknown_order',
        subject: difference.subject,
        ordercode: undefined,
        evidence: { ...difference.bill, source: 'bill', day: difference.day },
      }
    : {
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
      }

/** Names the fields of one side for the evidence of a review: `bill_total_fee`, `books_total_fee`. */
const prefixed = (side: string, values: Side | undefined): Side =>
  Object.fromEntries(
    Object.entries(values ?? {}).map(([name, value]) => [`${side}_${name}`, value]),
  )
