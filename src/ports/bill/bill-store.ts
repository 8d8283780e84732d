import type { BillRow } from '../../core/bill/bill-row.ts'
import type { Bill, BillCounts, BookSums, DayBooks } from '../../core/bill/bill.ts'
import type { Compared, RowFacts } from '../../core/bill/compare.ts'
import type { Difference, DifferenceKind, ReportedDifference } from '../../core/bill/difference.ts'
import type { BeijingDay } from '../../core/day.ts'
import type { UnixSeconds } from '../../core/time.ts'

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
   * Adds a difference `sum_differs` if the bill's payments, or its refunds, have another number or sum than what
   * is marked, and the other differences of the day do not explain that.
   *
   * @param marked The sums of what is marked as contained in the bill.
   * @returns whether a difference was added.
   */
  noteUnexplained(bill: Bill, marked: BookSums): Promise<boolean>
  /** The sums of the payments and refunds of a day in our own records. */
  booksOn(day: BeijingDay): Promise<DayBooks>
  /** The rates of WeChat's service fee in the bills of the 30 days before a day, latest first. */
  ratesBefore(day: BeijingDay): Promise<readonly BillCounts['rates'][]>
  /**
   * Ends the lease of a bill whose work failed, and makes the bill due again at `dueAt`.
   *
   * @returns false when the caller's lease has ended: another run works on the bill, or the work was stored after all.
   */
  postpone(bill: Bill, dueAt: UnixSeconds, reason: string): Promise<boolean>
  /**
   * Stores that a bill was downloaded and that its comparison begins, or continues.
   *
   * @returns whether payments or refunds are marked as contained in the bill; undefined when the lease has ended.
   */
  begin(bill: Bill): Promise<boolean | undefined>
  /**
   * Stores how far a bill is, and ends the lease. When the bill is `reconciled`, the webhook about it is
   * written, once, and the reviews of differences that no longer exist are resolved.
   */
  save(bill: Bill, now: UnixSeconds): Promise<void>
  /**
   * Before the first row is compared: removes marks of an earlier comparison of the day, some thousands at a
   * time. @returns true when no mark is left.
   */
  unmark(bill: Bill): Promise<boolean>
  /** What our records have about rows of the bill of a day, as `compareRows` needs it. */
  pageFacts(day: BeijingDay, rows: readonly BillRow[]): Promise<ReadonlyMap<number, RowFacts>>
  /**
   * Stores the outcome of comparing rows: their differences, our payments and refunds that they contain, and the
   * counts, all in one batch with the bill's progress.
   *
   * @param bill The bill before these rows.
   * @returns the bill after these rows; undefined when another run has continued the bill.
   */
  savePage(bill: Bill, compared: Compared): Promise<Bill | undefined>
  /**
   * Ends the comparison: adds a difference for each payment and refund in our records that the bill should
   * have and does not have. Afterwards the bill is `settling`.
   *
   * @param ofFile Differences of the file as a whole.
   * @returns undefined when another run has continued the bill.
   */
  finishComparing(bill: Bill, ofFile: readonly Difference[]): Promise<Bill | undefined>
  /** Differences without an outcome, those with the fewest tries first. */
  openDifferences(day: BeijingDay, limit: number): Promise<readonly Difference[]>
  /** Each kind of difference with at least `atLeast` open differences, and how many are open. */
  manyDifferences(
    day: BeijingDay,
    atLeast: number,
  ): Promise<readonly Readonly<{ kind: DifferenceKind; count: number }>[]>
  /** Gives all open differences of a kind the outcome `collected`: one review covers them. */
  collectDifferences(bill: Bill, kind: DifferenceKind): Promise<void>
  /** All differences of a day: their number, and the first `limit` of them with their reviews. */
  differences(
    day: BeijingDay,
    limit: number,
  ): Promise<Readonly<{ total: number; some: readonly ReportedDifference[] }>>
  /** How many differences of a kind have a review of their own, counted up to `atMost`. */
  countReviewed(day: BeijingDay, kind: DifferenceKind, atMost: number): Promise<number>
  /**
   * Stores a try to resolve a difference of a bill.
   *
   * @param outcome Undefined when WeChat gave no clear answer.
   */
  resolveDifference(
    bill: Bill,
    difference: Difference,
    outcome: Difference['outcome'],
  ): Promise<void>
}
