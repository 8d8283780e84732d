import type { Bill } from '../core/bill/bill.ts'
import type { BeijingDay } from '../core/day.ts'
import type { UnixSeconds } from '../core/time.ts'

export type ArchivedBill = Pick<Bill, 'day' | 'fetchedAt' | 'parts'>
export type OpenArchive = Readonly<{
  stream: ReadableStream<Uint8Array>
  /** Whether a piece could not be had, so that the stream breaks off: not the bill's fault. */
  isBroken: () => boolean
}>
/** Bills as WeChat sent them. Nothing that is decided rests on them alone. */
export interface BillArchive {
  /** @returns in how many pieces it was kept. */
  put(day: BeijingDay, fetchedAt: UnixSeconds, bytes: readonly Uint8Array[]): Promise<number>
  open(bill: ArchivedBill): OpenArchive
  /** Forgets what turned out to be no bill. */
  drop(bill: ArchivedBill): Promise<void>
}
