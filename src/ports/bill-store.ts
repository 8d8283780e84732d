import type { Bill, BookSums } from '../core/bill/bill.ts'
import type { Difference, DifferenceKind, ReportedDifference } from '../core/bill/difference.ts'
import type { BeijingDay } from '../core/day.ts'
import type { UnixSeconds } from '../core/time.ts'
import type { BillRow } from './bill-reader.ts'

/**
 * The bills of all days, and their differences from our records, as stored.
 *
 * @throws StoreUnavailable from any method.
 */
export interface BillStore {
  /** Finds the bill of a day. @returns undefined when the day has no row. */
  find(day: BeijingDay): Promise<Bill | undefined>
  /**
   * Adds a row for each day since the first order, up to
   * `last`, that has none yet. The new rows are due at `now`.
   */
  expect(last: BeijingDay, now: UnixSeconds): Promise<void>
  /** Leases a due bill to the caller, the longest due first. @returns undefined when none is due. */
  claimDue(now: UnixSeconds): Promise<Bill | undefined>
  /** Leases the bill of a day, even if it is not due. @returns undefined when another run holds its lease. */
  claimDay(day: BeijingDay, now: UnixSeconds): Promise<Bill | undefined>
  /**
   * Whether the bill of a day should have a row about one of
   * our orders, or may have one because an order is still open.
   */
  isExpectedOn(day: BeijingDay): Promise<boolean>
  /**
   * Adds a difference `sum_differs` if the payments in the bill and those in our records have different sums,
   * although no other difference explains this. The cause is a row that appears twice in the bill.
   *
   * @param books The sums of our own records of the day.
   * @returns whether a difference was added.
   */
  noteUnexplained(bill: Bill, books: BookSums): Promise<boolean>
  /** The sums of the payments and refunds of a day in our own records. */
  booksOn(day: BeijingDay): Promise<BookSums>
  /** Ends the lease of a bill whose work failed, and makes the bill due again at `dueAt`. */
  postpone(bill: Bill, dueAt: UnixSeconds, reason: string): Promise<void>
  /**
   * Stores that a bill was downloaded and that its comparison
   * begins. @returns false when the lease has ended.
   */
  begin(bill: Bill): Promise<boolean>
  /**
   * Stores how far a bill is, and ends the lease. When the bill is `reconciled`, the webhook about it is
   * written, once, and the reviews of differences that no longer exist are resolved.
   */
  save(bill: Bill, now: UnixSeconds): Promise<void>
  /**
   * Compares rows of the bill with our records: marks our payments and refunds that the bill has, adds a
   * difference for each row that does not agree with our records, and counts the rows. All of this is one
   * batch with the bill's progress.
   *
   * @param bill The bill before these rows.
   * @param appid Our appid: rows of other appids are only counted.
   * @returns the bill after these rows; undefined when another run compared them first.
   */
  comparePage(bill: Bill, appid: string, rows: readonly BillRow[]): Promise<Bill | undefined>
  /**
   * Ends the comparison: adds a difference for each payment and refund in our records that the bill should
   * have and does not have. Afterwards the bill is `settling`.
   *
   * @param sums Differences between the bill's last line and its rows.
   * @returns undefined when another run ended the comparison first.
   */
  finishComparing(bill: Bill, sums: readonly Difference[]): Promise<Bill | undefined>
  /** Differences without an outcome, those with the fewest tries first. */
  openDifferences(day: BeijingDay, limit: number): Promise<readonly Difference[]>
  /** Each kind of difference with at least `atLeast` open differences, and how many are open. */
  manyDifferences(
    day: BeijingDay,
    atLeast: number,
  ): Promise<readonly Readonly<{ kind: DifferenceKind; count: number }>[]>
  /** Gives all open differences of a kind the outcome `collected`: one review covers them. */
  collectDifferences(day: BeijingDay, kind: DifferenceKind): Promise<void>
  /** All differences of a day: their number, and the first `limit` of them with their reviews. */
  differences(
    day: BeijingDay,
    limit: number,
  ): Promise<Readonly<{ total: number; some: readonly ReportedDifference[] }>>
  /** How many differences of a kind have a review of their own, counted up to `atMost`. */
  countReviewed(day: BeijingDay, kind: DifferenceKind, atMost: number): Promise<number>
  /** Stores a try to resolve a difference. @param outcome Undefined when WeChat gave no clear answer. */
  resolveDifference(difference: Difference, outcome: Difference['outcome']): Promise<void>
}
