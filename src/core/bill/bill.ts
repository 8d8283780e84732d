import type { BeijingDay } from '../day.ts'
import type { UnixSeconds } from '../time.ts'

/**
 * How far the reconciliation of a day is: `waiting` for WeChat's file, `comparing` its rows with our records,
 * `settling` the differences, `reconciled`; or `unavailable`, because WeChat no longer keeps it.
 */
export type BillState = 'waiting' | 'comparing' | 'settling' | 'reconciled' | 'unavailable'

/** 1/1000 fen: WeChat states its service fee in yuan with five decimals. A safe integer of either sign. */
export type Millifen = number

/**
 * The counts and sums of a bill's rows, as far as they were compared; sums in fen. Payments and refunds are
 * those of our own orders.
 */
export type BillCounts = Readonly<{
  rows: number
  payments: number
  paymentFee: number
  /** What WeChat settles of `paymentFee`: all but `NO_CASH` coupons (免充值), which the merchant bears. */
  settlementFee: number
  refunds: number
  refundFee: number
  serviceFee: Millifen
  /** Rows of the merchant's other mini programs and other systems: only counted. */
  others: number
  unreadable: number
  /** The sums of our own records of that day, stored once the bill is reconciled. */
  books?: BookSums
}>

/** The sums of our own records of one day; in fen. */
export type BookSums = Readonly<{
  payments: number
  paymentFee: number
  refunds: number
  refundFee: number
}>

/** The counts of a bill of which no row was compared yet. */
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

/** The bill of one day, and how far its reconciliation is. */
export type Bill = Readonly<{
  day: BeijingDay
  state: BillState
  /** When the cron works on it next; undefined for never. */
  dueAt: UnixSeconds | undefined
  /** Until then, only the run that leased the bill may write it. */
  leasedUntil: UnixSeconds | undefined
  /** Consecutive runs without progress, including the current one. */
  tries: number
  lastError: string | undefined
  /** When the file was downloaded; a part of its keys in the archive. */
  fetchedAt: UnixSeconds | undefined
  /** The pieces of the file in the archive; 0 when there is no file, or it could not be archived. */
  parts: number
  /** The size of the downloaded file in bytes; 0 when there is none. */
  bytes: number
  counts: BillCounts
  /** When the day was last reconciled; a new download does not clear it. */
  reconciledAt: UnixSeconds | undefined
}>
