import type { BeijingDay } from '../day.ts'
import type { Review } from '../review.ts'

export type DifferenceKind =
  /** WeChat has it, the books do not. */
  | 'payment_not_here'
  | 'refund_not_here'
  /** The books have it, WeChat does not. */
  | 'payment_not_in_bill'
  | 'refund_not_in_bill'
  /** Both have it, with another amount, or under another number. */
  | 'payment_differs'
  | 'refund_differs'
  /** A payment taken back by command, which never happens to a mini program. */
  | 'payment_revoked'
  /** A row that cannot be read, or a last line that does not sum up its rows. */
  | 'row_unreadable'
  | 'sum_differs'
export type Difference = Readonly<{
  day: BeijingDay
  kind: DifferenceKind
  /** A transaction_id, an out_refund_no, the number of a row, the name of a sum. */
  subject: string
  ordercode: string | undefined
  /** What each side says, where it says anything. */
  bill: Readonly<Record<string, string | number>> | undefined
  books: Readonly<Record<string, string | number>> | undefined
  /** `booked`: WeChat confirmed it, and it is on the books now. */
  outcome: 'booked' | 'review' | 'collected' | undefined
  tries: number
}>
/** One for very many of a kind: the bill, or the books, are wrong as a whole. */
export const collectedReview = (day: BeijingDay, kind: DifferenceKind, count: number): Review => ({
  kind: 'bill_difference',
  subject: `${day}.${kind}`,
  ordercode: undefined,
  evidence: { day, difference: kind, count },
})
/** WeChat is asked about what the books lack; nothing could be asked about the rest. */
export const isQueryable = (kind: DifferenceKind): boolean =>
  kind === 'payment_not_here' || kind === 'refund_not_here' || kind === 'refund_differs'
/** The bill itself does not come, or cannot be read. */
export const missingBillReview = (day: BeijingDay, reason: string): Review => ({
  kind: 'bill_difference',
  subject: `${day}.bill_missing`,
  ordercode: undefined,
  evidence: { day, difference: 'bill_missing', reason },
})
/** From here on one review stands for all of a kind: nobody reads more than these. */
export const REVIEWS_MAX = 100
/** A difference that WeChat's answers did not clear up. */
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
export const prefixed = (
  side: string,
  values: Readonly<Record<string, string | number>> | undefined,
): Record<string, string | number> =>
  Object.fromEntries(
    Object.entries(values ?? {}).map(([name, value]) => [`${side}_${name}`, value]),
  )
