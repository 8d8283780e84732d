/** WeChat's daily bill as the use cases see it: rows by their meaning, not by their columns. */
import type { Bill, BookSums } from '../core/bill/bill.ts'
import type { Difference, DifferenceKind } from '../core/bill/difference.ts'
import type { BeijingDay } from '../core/day.ts'
import type { UnixSeconds } from '../core/time.ts'
import type { BillRow } from './bill-reader.ts'

export interface BillStore {
  find(day: BeijingDay): Promise<Bill | undefined>
  /** Makes every day up to `last` due that was missed since the first order. */
  expect(last: BeijingDay, now: UnixSeconds): Promise<void>
  /** Takes the oldest day that is due; nobody else gets it until the lease ends. */
  claimDue(now: UnixSeconds): Promise<Bill | undefined>
  /** Takes one day, due or not. @returns undefined when somebody is at it. */
  claimDay(day: BeijingDay, now: UnixSeconds): Promise<Bill | undefined>
  /** Whether WeChat has something of ours in its bill of that day, or may have. */
  isExpectedOn(day: BeijingDay): Promise<boolean>
  /**
   * Sums that differ although no difference says why, because a row is there twice, are a difference of
   * their own. @returns whether there is one that is new.
   */
  noteUnexplained(bill: Bill, books: BookSums): Promise<boolean>
  /** What the books have of that day. */
  booksOn(day: BeijingDay): Promise<BookSums>
  /** Gives a bill back that could not be worked on. */
  postpone(bill: Bill, dueAt: UnixSeconds, reason: string): Promise<void>
  /** Notes that a bill was downloaded, and is compared now. @returns whether it is still ours. */
  begin(bill: Bill): Promise<boolean>
  /**
   * Writes how far a bill is, and gives it back. `reconciled` tells the shop, once, and what differs no
   * more is no longer for a person to look at.
   */
  save(bill: Bill, now: UnixSeconds): Promise<void>
  /**
   * Compares rows with the books: marks what agrees, notes what differs, and counts. All in one batch
   * with the bill's progress, and for nothing when another run was quicker.
   *
   * @param bill As it was before these rows. @returns as it is then; undefined when it lost.
   */
  comparePage(bill: Bill, appid: string, rows: readonly BillRow[]): Promise<Bill | undefined>
  /** The other way: what the books have of that day, and no bill did. Then differences are settled. */
  finishComparing(bill: Bill, sums: readonly Difference[]): Promise<Bill | undefined>
  openDifferences(day: BeijingDay, limit: number): Promise<readonly Difference[]>
  /** Kinds of which at least so many are open. */
  manyDifferences(
    day: BeijingDay,
    atLeast: number,
  ): Promise<readonly Readonly<{ kind: DifferenceKind; count: number }>[]>
  /** Notes that one review stands for all that are open of a kind. */
  collectDifferences(day: BeijingDay, kind: DifferenceKind): Promise<void>
  differences(
    day: BeijingDay,
    limit: number,
  ): Promise<Readonly<{ total: number; some: readonly Difference[] }>>
  /** How many of a kind are in review, up to `atMost`. */
  countReviewed(day: BeijingDay, kind: DifferenceKind, atMost: number): Promise<number>
  /** Notes what came of a difference; `undefined` that WeChat did not say, once more. */
  resolveDifference(difference: Difference, outcome: Difference['outcome']): Promise<void>
}
