import type { Bill, BookSums } from '../core/bill/bill.ts'
import type { Difference, DifferenceKind } from '../core/bill/difference.ts'
import type { BeijingDay } from '../core/day.ts'
import type { UnixSeconds } from '../core/time.ts'
import type { BillRow } from './bill-reader.ts'

/**
 * The bills of all days, and their differences from our records, as stored.
 *
 * @throws StoreUnavailable from any method.
 */
export interface BillStore {
  /** @returns undefined when the day is not stored. */
  find(day: BeijingDay): Promise<Bill | undefined>
  /** Adds the days since the first order, up to `last`, that are not stored yet. They are due at `now`. */
  expect(last: BeijingDay, now: UnixSeconds): Promise<void>
  /** Leases a due bill to the caller, the longest due first. @returns undefined when none is due. */
  claimDue(now: UnixSeconds): Promise<Bill | undefined>
  /** Leases the bill of a day, due or not. @returns undefined when another run holds its lease. */
  claimDay(day: BeijingDay, now: UnixSeconds): Promise<Bill | undefined>
  /** Whether the bill of a day should have a row of ours, or may have one because an order is still open. */
  isExpectedOn(day: BeijingDay): Promise<boolean>
  /**
   * Adds a difference `sum_differs` if the sums of the payments in the bill and in our records differ, and no
   * other difference explains that: a row appears twice.
   *
   * @param books Our sums of the day.
   * @returns whether a difference was added.
   */
  noteUnexplained(bill: Bill, books: BookSums): Promise<boolean>
  /** The sums of our own payments and refunds of the day. */
  booksOn(day: BeijingDay): Promise<BookSums>
  /** Ends the lease of a bill that could not be worked on, and makes it due again at `dueAt`. */
  postpone(bill: Bill, dueAt: UnixSeconds, reason: string): Promise<void>
  /** Stores that a bill was downloaded and is now compared. @returns false when the lease has ended. */
  begin(bill: Bill): Promise<boolean>
  /**
   * Stores how far a bill is, and ends the lease. When it is `reconciled`, the shop gets its webhook, once,
   * and the reviews of differences that no longer exist are resolved.
   */
  save(bill: Bill, now: UnixSeconds): Promise<void>
  /**
   * Compares rows of the bill with our records: marks what the bill has, adds a difference for each row that
   * does not agree, and counts. All in one batch with the bill's progress.
   *
   * @param bill The bill before these rows.
   * @param appid Ours: rows of other appids are only counted.
   * @returns the bill after these rows; undefined when another run compared them first.
   */
  comparePage(bill: Bill, appid: string, rows: readonly BillRow[]): Promise<Bill | undefined>
  /**
   * Compares in the other direction: adds a difference for each payment and refund of ours that the bill
   * should have and does not. Then the bill is `settling`.
   *
   * @param sums Differences between the bill's last line and its rows.
   * @returns undefined when another run finished first.
   */
  finishComparing(bill: Bill, sums: readonly Difference[]): Promise<Bill | undefined>
  /** Differences without an outcome, those with the fewest tries first. */
  openDifferences(day: BeijingDay, limit: number): Promise<readonly Difference[]>
  /** The kinds of which at least `atLeast` differences are open, with their number. */
  manyDifferences(
    day: BeijingDay,
    atLeast: number,
  ): Promise<readonly Readonly<{ kind: DifferenceKind; count: number }>[]>
  /** Gives all open differences of a kind the outcome `collected`: one review stands for them. */
  collectDifferences(day: BeijingDay, kind: DifferenceKind): Promise<void>
  /** All differences of a day: their number, and the first `limit` of them. */
  differences(
    day: BeijingDay,
    limit: number,
  ): Promise<Readonly<{ total: number; some: readonly Difference[] }>>
  /** How many differences of a kind have a review of their own, up to `atMost`. */
  countReviewed(day: BeijingDay, kind: DifferenceKind, atMost: number): Promise<number>
  /** Stores the outcome of a try to settle a difference; undefined when WeChat gave no clear answer. */
  resolveDifference(difference: Difference, outcome: Difference['outcome']): Promise<void>
}
