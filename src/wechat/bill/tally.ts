/** Adds up a bill's rows. The sums are later compared with the totals that WeChat states. */
import type { BillRow } from '../../core/bill/bill-row.ts'
import { toFen } from '../../core/money.ts'
import type { BillSums } from '../../ports/bill/bill-reader.ts'
import type { Columns } from './columns.ts'
import { readRow, type RowAmounts } from './row.ts'

/** Reads the rows of a bill, counts them and adds up their amounts. */
export class BillTally {
  #rows = 0
  #payments = 0
  #refunds = 0
  #amounts: RowAmounts = {
    totalFee: 0,
    settlementTotalFee: 0,
    refundFee: 0,
    settlementRefundFee: 0,
    serviceFee: 0,
  }

  /** Reads the next row and adds it to the sums. An unreadable row is only counted. */
  take(columns: Columns, text: string): BillRow {
    const row = ++this.#rows
    const found = readRow(columns, row, text)
    if ('unreadable' in found) return { kind: 'unreadable', row, reason: found.unreadable }

    const amounts = added(this.#amounts, found.amounts)
    if (!Object.values(amounts).every(Number.isSafeInteger)) {
      // The row is not added, because a sum would no longer be an exact integer.
      return { kind: 'unreadable', row, reason: 'too_much' }
    }
    this.#amounts = amounts
    if (found.row.kind === 'refund') this.#refunds++
    else this.#payments++
    return found.row
  }

  /** The sums of the bill's rows that were read so far. */
  get sums(): BillSums {
    const { totalFee, settlementTotalFee, refundFee, settlementRefundFee, serviceFee } =
      this.#amounts
    return {
      rows: this.#rows,
      payments: this.#payments,
      refunds: this.#refunds,
      totalFee: toFen(totalFee),
      settlementTotalFee: toFen(settlementTotalFee),
      refundFee: toFen(refundFee),
      settlementRefundFee: toFen(settlementRefundFee),
      serviceFee,
    }
  }
}

const added = (sums: RowAmounts, row: RowAmounts): RowAmounts => ({
  totalFee: sums.totalFee + row.totalFee,
  settlementTotalFee: sums.settlementTotalFee + row.settlementTotalFee,
  refundFee: sums.refundFee + row.refundFee,
  settlementRefundFee: sums.settlementRefundFee + row.settlementRefundFee,
  serviceFee: sums.serviceFee + row.serviceFee,
})
