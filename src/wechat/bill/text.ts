/** Reads a bill's text piece by piece: header, rows, summary. */
import type { BillRow } from '../../core/bill/bill-row.ts'
import type { BillEnd } from '../../ports/bill/bill-reader.ts'
import { type Columns, readBrokenHeader, readHeader } from './columns.ts'
import { isBlank, LineCutter, ROW_CHARS_MAX, RowJoiner, type Summary } from './lines.ts'
import { findDiffering, readSummary } from './summary.ts'
import { BillTally } from './tally.ts'

/** A generator that yields rows as they become complete, and returns how the bill ends. */
type Found<End> = Generator<BillRow, End>

/** Reads one bill: call `take` for each piece of text, then `finish` or `breakOff` once. */
export class BillText {
  readonly #lines = new LineCutter()
  readonly #rows = new RowJoiner()
  readonly #tally = new BillTally()
  #columns: Columns | undefined;

  /**
   * Reads the next piece of a bill's text.
   *
   * @returns undefined when the caller can go on with the next piece; otherwise the reason to stop: the text is
   *   not a bill, or its layout is unknown.
   */
  *take(text: string): Found<BillEnd | undefined> {
    for (const line of this.#lines.cut(text)) {
      if (this.#columns !== undefined) {
        const row = this.#rows.take(line)
        if (row !== undefined) yield this.#tally.take(this.#columns, row)
      } else if (!isBlank(line)) {
        if (line.length > ROW_CHARS_MAX) return failed('not_a_bill')
        const columns = readHeader(line)
        if (typeof columns === 'string') return failed(columns)
        this.#columns = columns
      }
    }
    return undefined
  }

  /** Ends the bill after the source has ended. Yields the last rows. @returns whether the bill is complete. */
  *finish(): Found<BillEnd> {
    if (this.#columns === undefined) return failed(readBrokenHeader(this.#lines.rest))
    const { rest } = this.#lines
    const line = this.#rows.take(rest)
    if (line !== undefined) yield this.#tally.take(this.#columns, line)
    const { row, summary } = this.#rows.end(isBlank(rest))
    if (row !== undefined) yield this.#tally.take(this.#columns, row)
    return summary === undefined ? failed('cut_off') : this.#judge(this.#columns, summary)
  }

  /**
   * Ends the bill after the source has broken off. Yields the last row if it is certainly complete. The bill
   * counts as incomplete even if the text ends with a summary.
   */
  *breakOff(): Found<BillEnd> {
    const { row, summary } = this.#rows.end(false)
    const isCertain = summary === undefined
    if (isCertain && row !== undefined && this.#columns !== undefined) {
      yield this.#tally.take(this.#columns, row)
    }
    return failed('cut_off')
  }

  #judge({ refund }: Columns, summary: Summary): BillEnd {
    const read = this.#tally.sums
    const stated = readSummary(summary, refund !== undefined, read)
    if (typeof stated === 'string') return failed(stated)
    return { whole: true, stated, read, differing: findDiffering(stated, read) }
  }
}

const failed = (reason: 'cut_off' | 'not_a_bill' | 'unknown_layout'): BillEnd => ({
  whole: false,
  reason,
})
