import type { Random } from '../lib/random.ts'
import type { BillRow } from '../state/bill-plan.ts'
import type { PrintedLayout, PrintedTotal } from './layouts.ts'

const BOM = '\uFEFF'
const LINE_END = '\r\n'

/**
 * Writes a bill file as WeChat does: a BOM, CRLF after every line, a backtick before every value, and no escape for a comma
 * within a value.
 * @param off Added to the last digit of every total, to make the totals wrong.
 */
export function formatBill(rows: readonly BillRow[], layout: PrintedLayout, off = 0): string {
  const { columns, totals } = layout
  const lines = rows.map((row) =>
    formatLine(columns.map(([, column]) => row.columns[column] ?? '')),
  )
  return [
    BOM + columns.map(([header]) => header).join(','),
    ...lines,
    totals.map(([header]) => header).join(','),
    formatLine(totals.map((total) => formatTotal(rows, total, off))),
    '',
  ].join(LINE_END)
}

/** Puts items into a random order, because the rows of WeChat's bills are not sorted. */
export function shuffle<T>(items: readonly T[], random: Random): T[] {
  const shuffled = [...items]
  const bytes = random(items.length * 4)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (let n = items.length - 1; n > 0; n--) {
    const other = view.getUint32(n * 4) % (n + 1)
    const item = shuffled[n]
    const otherItem = shuffled[other]
    if (item !== undefined && otherItem !== undefined) {
      shuffled[n] = otherItem
      shuffled[other] = item
    }
  }
  return shuffled
}

/** Writes values as one line of the file. A line break within a value, such as a product's name, is printed as a space. */
function formatLine(values: readonly string[]): string {
  return ('`' + values.join(',`')).replace(/[\r\n]/g, ' ')
}

/**
 * Formats one number of the line of totals: the sum of a column's values as the bill prints them, even if a test changed them,
 * or the number of rows. Adds integers in the unit of the column's last decimal, so that nothing is rounded.
 *
 * @param off Added to the last digit, to make the total wrong.
 */
function formatTotal(
  rows: readonly BillRow[],
  [, column, decimals = 2]: PrintedTotal,
  off: number,
): string {
  if (column === undefined) return String(rows.length + off)
  let sum = off
  for (const { columns } of rows) sum += Number((columns[column] ?? '0').replace('.', ''))
  const digits = String(Math.abs(sum)).padStart(decimals + 1, '0')
  return `${sum < 0 ? '-' : ''}${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`
}
