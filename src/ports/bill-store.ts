/** WeChat's daily bill as the use cases see it: rows by their meaning, not by their columns. */
import type { BillState, Difference, DifferenceKind } from '../core/bill/schedule.ts'
import type { BeijingDay } from '../core/day.ts'
import type { Fen } from '../core/money.ts'
import type { UnixSeconds } from '../core/time.ts'

/** 1/1000 fen: WeChat states its service fee in yuan with five decimals. A safe integer, of either sign. */
export type Millifen = number

type BillLine = Readonly<{
  /** Counts the rows of the bill from 1. */
  row: number
  appid: string
  transactionId: string
  outTradeNo: string
  /** The payment's time, or when the refund was applied for. */
  at: UnixSeconds
  serviceFee: Millifen
}>

export type BillPayment = BillLine &
  Readonly<{
    /** `revoked`: paid, then taken back by the cashier's own command. Never happens to a mini program. */
    kind: 'payment' | 'revoked'
    openid: string
    tradeType: string
    feeType: string
    totalFee: Fen
    /** What is settled with the merchant: `totalFee` without WeChat's own coupons. */
    settlementTotalFee: Fen
  }>

export type BillRefund = BillLine &
  Readonly<{
    kind: 'refund'
    refundId: string
    outRefundNo: string
    /** What was applied for, as in `refund_fee`. */
    refundFee: Fen
    settlementRefundFee: Fen
    /** As of the day of the bill; WeChat does not update it later. */
    refundStatus: string
  }>

/** A row that cannot be understood. The others can; a person looks at this one. */
export type BillUnreadable = Readonly<{ kind: 'unreadable'; row: number; reason: string }>

export type BillRow = BillPayment | BillRefund | BillUnreadable

/** Sums over rows that were read, or as WeChat's last line states them. */
export type BillSums = Readonly<{
  rows: number
  payments: number
  refunds: number
  /** Undefined where an old layout does not state it. */
  totalFee: Fen | undefined
  settlementTotalFee: Fen
  refundFee: Fen | undefined
  settlementRefundFee: Fen
  serviceFee: Millifen
}>

export type BillPage = Readonly<{ rows: readonly BillRow[] }>

/** How the bill ended: only one with its last line is whole. */
export type BillEnd = Readonly<
  | {
      whole: true
      /** `payments` and `refunds` are not stated: they repeat our own counts. */
      stated: BillSums
      read: BillSums
      /** The names of the sums that differ, as in {@link BillSums}. */
      differing: readonly (keyof BillSums)[]
    }
  | { whole: false; reason: 'cut_off' | 'not_a_bill' | 'unknown_layout' }
>

/**
 * Reads a bill as WeChat sent it, plain or gzip, page by page and never as a whole. Rows up to
 * `afterRow` are counted into the sums and not returned, so that reading can go on where it stopped.
 */
export type ReadBill = (
  raw: ReadableStream<Uint8Array>,
  options: Readonly<{ pageRows: number; afterRow: number }>,
) => AsyncGenerator<BillPage, BillEnd>

/** What of a bill is ours, and what is not; sums in fen. */
export type BillCounts = Readonly<{
  rows: number
  payments: number
  paymentFee: number
  settlementFee: number
  refunds: number
  refundFee: number
  serviceFee: Millifen
  /** Of other mini programs of the merchant, or of other systems: counted, and left alone. */
  others: number
  unreadable: number
  /** What the books had of that day in the end. */
  books?: BookSums
}>

export type BookSums = Readonly<{
  payments: number
  paymentFee: number
  refunds: number
  refundFee: number
}>

export const NO_COUNTS: BillCounts = {
  rows: 0,
  payments: 0,
  paymentFee: 0,
  settlementFee: 0,
  refunds: 0,
  refundFee: 0,
  serviceFee: 0,
  others: 0,
  unreadable: 0,
}

/** One day, and how far it is. */
export type Bill = Readonly<{
  day: BeijingDay
  state: BillState
  dueAt: UnixSeconds | undefined
  /** Whoever has it, has it until then. */
  leasedUntil: UnixSeconds | undefined
  /** Runs since it got any further, this one among them. */
  tries: number
  lastError: string | undefined
  fetchedAt: UnixSeconds | undefined
  /** Pieces of the archive; none for a day on which nothing was paid. */
  parts: number
  bytes: number
  counts: BillCounts
  reconciledAt: UnixSeconds | undefined
}>

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
  settleDifference(difference: Difference, outcome: Difference['outcome']): Promise<void>
}

export type ArchivedBill = Pick<Bill, 'day' | 'fetchedAt' | 'parts'>

export type OpenArchive = Readonly<{
  stream: ReadableStream<Uint8Array>
  /** Whether a piece could not be had, so that the stream breaks off: not the bill's fault. */
  isBroken: () => boolean
}>

/** Bills as WeChat sent them. Nothing that is decided rests on them alone. */
export interface BillArchive {
  /** @returns in how many pieces it was kept. */
  keep(day: BeijingDay, fetchedAt: UnixSeconds, bytes: readonly Uint8Array[]): Promise<number>
  open(bill: ArchivedBill): OpenArchive
  /** Forgets what turned out to be no bill. */
  drop(bill: ArchivedBill): Promise<void>
}
