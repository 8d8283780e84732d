/**
 * Reads WeChat's daily bill as a stream: bytes become text, lines, rows and pages. Only one page is in memory,
 * however large the bill is.
 *
 * @see https://pay.weixin.qq.com/doc/v2/merchant/4011939779
 */
import type { BillRow } from '../../core/bill/bill-row.ts'
import { invariant } from '../../lib/result.ts'
import type { BillPage, ReadBill } from '../../ports/bill/bill-reader.ts'
import { type ByteSource, openBill } from './bytes.ts'
import { BillText } from './text.ts'

/**
 * Reads a bill page by page. When the bill breaks off, only rows that are certainly complete are returned. A
 * later download of the complete bill begins with the same rows, and they have the same numbers.
 */
export const readBill: ReadBill = async function* (raw, { pageRows, afterRow }) {
  invariant(pageRows >= 1 && afterRow >= 0, `no such page: ${pageRows} after ${afterRow}`)
  const source = openBill(raw)
  const decoder = new TextDecoder() // TextDecoder also removes a byte order mark
  const bill = new BillText()
  let page: BillRow[] = []

  function* paged<End>(found: Generator<BillRow, End>): Generator<BillPage, End> {
    for (;;) {
      const next = found.next()
      if (next.done === true) return next.value
      if (next.value.row > afterRow) page.push(next.value)
      if (page.length < pageRows) continue
      yield { rows: page }
      page = []
    }
  }

  try {
    for (;;) {
      const bytes = await readOrBreak(source)
      const end =
        bytes === 'broken'
          ? yield* paged(bill.breakOff())
          : bytes === 'end'
            ? yield* paged(bill.finish()) // an incomplete UTF-8 character at the end of the bill is ignored
            : yield* paged(bill.take(decoder.decode(bytes, { stream: true })))
      if (end === undefined) continue
      if (page.length > 0) yield { rows: page }
      return end
    }
  } finally {
    await source.cancel()
  }
}

/** Reads the next bytes. Any error, of the source or of decompression, means that the bill breaks off there. */
async function readOrBreak(source: ByteSource): Promise<Uint8Array | 'end' | 'broken'> {
  try {
    return (await source.read()) ?? 'end'
  } catch {
    return 'broken'
  }
}
