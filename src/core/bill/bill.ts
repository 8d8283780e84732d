import type { BeijingDay } from '../day.ts'
import type { UnixSeconds } from '../time.ts'

export type BillState = 'waiting' | 'comparing' | 'settling' | 'reconciled' | 'unavailable'
/** 1/1000 fen: WeChat states its service fee in yuan with five decimals. A safe integer, of either sign. */
export type Millifen = number
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
