import type { BillRow } from '../../core/bill/bill-row.ts'
import type { Millifen } from '../../core/bill/bill.ts'
import type { Fen } from '../../core/money.ts'

/** The sums of a bill: added up from its rows, or as WeChat's last line states them. */
export type BillSums = Readonly<{
  rows: number
  payments: number
  refunds: number
  /** Undefined when the file has an old layout that does not state this sum. */
  totalFee: Fen | undefined
  settlementTotalFee: Fen
  refundFee: Fen | undefined
  settlementRefundFee: Fen
  serviceFee: Millifen
}>

/** At most `pageRows` consecutive rows of a bill, in the order of the file. */
export type BillPage = Readonly<{ rows: readonly BillRow[] }>

/**
 * How a bill ends. A bill is whole only if it ends with WeChat's line of sums. Any other file breaks off
 * (`cut_off`), is not a bill (`not_a_bill`), or lacks a column that we need (`unknown_layout`).
 */
export type BillEnd = Readonly<
  | {
      whole: true
      /**
       * The sums in WeChat's last line. The line does not state the numbers of payments and refunds, so
       * `payments` and `refunds` are counted from the rows.
       */
      stated: BillSums
      /** The sums that the reader added up from the bill's rows. */
      read: BillSums
      /** The names of the sums that differ between WeChat's last line and the rows. */
      differing: readonly (keyof BillSums)[]
    }
  | { whole: false; reason: 'cut_off' | 'not_a_bill' | 'unknown_layout' }
>

/**
 * Reads a bill as WeChat sent it, plain or gzip, page by page and never as a whole.
 *
 * `pageRows` is the size of a page. Rows up to `afterRow` are added to the sums but not returned, so that a
 * run can go on where an earlier run stopped.
 */
export type ReadBill = (
  raw: ReadableStream<Uint8Array>,
  options: Readonly<{ pageRows: number; afterRow: number }>,
) => AsyncGenerator<BillPage, BillEnd>
