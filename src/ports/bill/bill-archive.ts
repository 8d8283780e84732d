import type { Bill } from '../../core/bill/bill.ts'
import type { BeijingDay } from '../../core/day.ts'
import type { UnixSeconds } from '../../core/time.ts'

/** What identifies a bill's raw file in the archive. */
export type ArchivedBill = Pick<Bill, 'day' | 'fetchedAt' | 'parts'>

/** A bill's raw file, as read from the archive. */
export type OpenArchive = Readonly<{
  stream: ReadableStream<Uint8Array>
  /**
   * Whether the stream ended with an error because the archive
   * did not return a piece. The bill itself may be good.
   */
  isBroken: () => boolean
}>

/** Archives the files of bills as WeChat sent them. No decision depends on the archive alone. */
export interface BillArchive {
  /**
   * Stores a file. Rejects when the archive fails or does not answer in time.
   *
   * @param fetchedAt When the file was downloaded. It is part of the keys, so that a new download never
   *   overwrites a piece of an older one.
   * @returns the number of pieces in which the file is stored.
   */
  put(day: BeijingDay, fetchedAt: UnixSeconds, bytes: readonly Uint8Array[]): Promise<number>
  /** Reads a file piece by piece. If a piece cannot be read, the stream ends with an error. */
  open(bill: ArchivedBill): OpenArchive
  /** Deletes a file, for example one that turned out to be no bill. */
  drop(bill: ArchivedBill): Promise<void>
}
