/**
 * WeChat's bill of one day, compared with the books.
 *
 *     waiting ──▶ comparing ──▶ settling ──▶ reconciled
 *        └──▶ unavailable
 *
 * `waiting` for WeChat to have it; `comparing` row by row; `settling` what differs: WeChat is asked, and
 * what it confirms is booked.
 */
import { addDays, dayOf, startOf, type BeijingDay } from '../day.ts'
import type { Review } from '../review.ts'
import { DAY_S, HOUR_S, later, MINUTE_S, type UnixSeconds } from '../time.ts'

export type BillState = 'waiting' | 'comparing' | 'settling' | 'reconciled' | 'unavailable'

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

/** WeChat begins at 9:00 and is done by 10:00; ten minutes more are free. */
const READY_S = 10 * HOUR_S + 10 * MINUTE_S
const NOON_S = 12 * HOUR_S
/** From the end of the day on. After that its not being there is worth a person's time. */
const PATIENCE_S = 36 * HOUR_S
/** WeChat keeps bills for three months. */
export const BILL_DAYS_KEPT = 89
/** Runs that may come to nothing before a person hears of it: after an outage, many days are late at once. */
const RUNS_TO_TELL = 3

/** WeChat's clock, which says to what day a refund belongs, and ours may differ by this much. */
export const BILL_SKEW_S = 5 * MINUTE_S
/** A lost answer to a refund is made up for within this time. */
export const LEARNT_WITHIN_S = 32 * DAY_S

/** The last day whose bill should be there. */
export function lastBillDay(now: UnixSeconds): BeijingDay {
  const today = dayOf(now)
  return addDays(today, now >= later(startOf(today), READY_S) ? -1 : -2)
}

/** Whether WeChat still has the bill. */
export const isKept = (day: BeijingDay, now: UnixSeconds): boolean =>
  day >= addDays(dayOf(now), -BILL_DAYS_KEPT)

/** Until noon of the day after, a bill that is not there may still be made. */
export const isEarly = (day: BeijingDay, now: UnixSeconds): boolean =>
  now < later(startOf(addDays(day, 1)), NOON_S)

/** Every ten minutes until noon, then every hour. */
export const nextBillTry = (day: BeijingDay, now: UnixSeconds): UnixSeconds =>
  later(now, isEarly(day, now) ? 10 * MINUTE_S : HOUR_S)

/** @param runs That came to nothing, one after the other, this one among them. */
export const isOverdue = (day: BeijingDay, runs: number, now: UnixSeconds): boolean =>
  runs >= RUNS_TO_TELL && now > later(startOf(day), DAY_S + PATIENCE_S)

/** From here on one review stands for all of a kind: nobody reads more than these. */
export const REVIEWS_MAX = 100

/** A question about a difference is put this often, and a person hears of it before it is the last one. */
export const TRIES_TO_TELL = 30
export const TRIES_MAX = TRIES_TO_TELL + 2 * 24

/** Every minute for half an hour, then every hour for two days. */
export const nextDifferenceTry = (tries: number, now: UnixSeconds): UnixSeconds =>
  later(now, tries < TRIES_TO_TELL ? MINUTE_S : HOUR_S)

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

/** One for very many of a kind: the bill, or the books, are wrong as a whole. */
export const collectedReview = (day: BeijingDay, kind: DifferenceKind, count: number): Review => ({
  kind: 'bill_difference',
  subject: `${day}.${kind}`,
  ordercode: undefined,
  evidence: { day, difference: kind, count },
})

/** WeChat is asked about what the books lack; nothing could be asked about the rest. */
export const isAskedAbout = (kind: DifferenceKind): boolean =>
  kind === 'payment_not_here' || kind === 'refund_not_here' || kind === 'refund_differs'

/** The bill itself does not come, or cannot be read. */
export const missingBillReview = (day: BeijingDay, reason: string): Review => ({
  kind: 'bill_difference',
  subject: `${day}.bill_missing`,
  ordercode: undefined,
  evidence: { day, difference: 'bill_missing', reason },
})

const prefixed = (
  side: string,
  values: Readonly<Record<string, string | number>> | undefined,
): Record<string, string | number> =>
  Object.fromEntries(
    Object.entries(values ?? {}).map(([name, value]) => [`${side}_${name}`, value]),
  )
