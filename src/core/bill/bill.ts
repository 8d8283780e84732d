import type { BeijingDay } from '../day.ts'
import type { UnixSeconds } from '../time.ts'

/**
 * How far the reconciliation of a day is: `waiting` for WeChat's file, `comparing` its rows with our records,
 * `settling` the differences, `reconciled`; or `unavailable`, because WeChat no longer keeps it.
 */
export type BillState = 'waiting' | 'comparing' | 'settling' | 'reconciled' | 'unavailable'

/**
 * An amount in 1/1000 fen, because WeChat states its service fee
 * in yuan with five decimals. A safe integer of either sign.
 */
export type Millifen = number

/**
 * The counts and the sums in fen of the bill's rows that have been compared so far. Payments and refunds are
 * those of our own orders. Every row is counted in one of `payments`, `refunds`, `revoked`, `unreadable`,
 * `others` and, unless the appid is shared, `unknownOrders`.
 */
export type BillCounts = Readonly<{
  rows: number
  payments: number
  paymentFee: number
  /**
   * The part of `paymentFee` that WeChat pays out to the merchant:
   * without `NO_CASH` coupons (免充值), which the merchant bears.
   */
  settlementFee: number
  refunds: number
  refundFee: number
  serviceFee: Millifen
  /** Payments of ours that a cashier's command reversed. */
  revoked: number
  /**
   * The number of rows of the merchant's other mini programs and other systems. Such rows are only counted:
   * `otherAppids`, `otherNumbers` and, if the appid is shared, `unknownOrders`.
   */
  others: number
  /** Rows with another appid than ours. */
  otherAppids: number
  /** Rows with our appid and a number that cannot be one of ours. */
  otherNumbers: number
  /** Rows with our appid and a number as ours are, but of no order that we have. */
  unknownOrders: number
  unreadable: number
  /** How many payments of ours were charged at which rate of the service fee, by the rate as WeChat writes it. */
  rates: Readonly<Record<string, number>>
  /** The sums of our own records of the bill's day, stored once the bill is reconciled. */
  books?: BookSums
}>

/** The sums of our own records of one day; in fen. */
export type BookSums = Readonly<{
  payments: number
  paymentFee: number
  refunds: number
  refundFee: number
}>

/**
 * Our records of one day. `all` has what belongs to the day: what is marked as contained in the day's bill, and
 * what no bill contains. `marked` has the first part only.
 */
export type DayBooks = Readonly<{ all: BookSums; marked: BookSums }>

/** The counts of a bill of which no row was compared yet. */
export const NO_COUNTS: BillCounts = {
  rows: 0,
  payments: 0,
  paymentFee: 0,
  settlementFee: 0,
  refunds: 0,
  refundFee: 0,
  serviceFee: 0,
  revoked: 0,
  others: 0,
  otherAppids: 0,
  otherNumbers: 0,
  unknownOrders: 0,
  unreadable: 0,
  rates: {},
}

/** The bill of one day, and how far its reconciliation has come. */
export type Bill = Readonly<{
  day: BeijingDay
  state: BillState
  /** When the cron works on the bill next; undefined for never. */
  dueAt: UnixSeconds | undefined
  /** When the bill's lease ends. Until then, only the run that holds the lease may write the bill. */
  leasedUntil: UnixSeconds | undefined
  /** The number of consecutive runs without progress on the bill, including the current one. */
  tries: number
  lastError: string | undefined
  /** When the file was downloaded. This time is part of the file's keys in the archive. */
  fetchedAt: UnixSeconds | undefined
  /**
   * The number of pieces in which the archive stores the file; 0 when there is no file, or archiving failed.
   */
  parts: number
  /** The size of the downloaded file in bytes; 0 when there is none. */
  bytes: number
  counts: BillCounts
  /** When the day was last reconciled. Downloading the bill again does not clear this time. */
  reconciledAt: UnixSeconds | undefined
}>
