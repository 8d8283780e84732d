import type { Random } from '../lib/random.ts'
import type { BillEscapes, BillRow } from '../state/bill-plan.ts'
import type { PrintedLayout, PrintedTotal } from './layouts.ts'

const BOM = '\uFEFF'
const LINE_END = '\r\n'

/** How `formatBill` writes a file. */
export type BillStyle = {
  layout: PrintedLayout
  escapes: BillEscapes
  /** What to add to the last digit of the total below a header, to make the total wrong. Default: 0. */
  off?: (header: string) => number
}

/** The columns whose values the shop chose. Only these can contain a comma, a line feed or a backtick. */
const FREE_TEXTS = ['设备号', '商品名称', '商户数据包']

const ESCAPES: Readonly<Record<BillEscapes, Readonly<Record<string, string>>>> = {
  backslash: { ',': '\\ ', '\n': '\\n', '`': '\\`' },
  octal: { ',': '\\ ', '\n': '\\n', '`': '\\140' },
  none: {},
}

/**
 * Writes a bill file as WeChat does: a BOM, CRLF after every line, and a backtick before every value.
 * @see https://pay.weixin.qq.com/doc/v3/merchant/4013071246
 */
export function formatBill(
  rows: readonly BillRow[],
  { layout, escapes, off = () => 0 }: BillStyle,
): string {
  const { columns, totals } = layout
  const valueOf = (row: BillRow, column: string): string => {
    const value = row.columns[column] ?? ''
    return FREE_TEXTS.includes(column) ? escape(value, escapes) : value
  }
  return [
    BOM + columns.map(([header]) => header).join(','),
    ...rows.map((row) => formatLine(columns.map(([, column]) => valueOf(row, column)))),
    totals.map(([header]) => header).join(','),
    formatLine(totals.map((total) => formatTotal(rows, total, off(total[0])))),
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

/** Escapes a text. WeChat does not document an escape of the backslash itself, so an escaped text can be ambiguous. */
function escape(value: string, escapes: BillEscapes): string {
  return value.replace(/[,\n`]/g, (character) => ESCAPES[escapes][character] ?? character)
}

/** Writes values as one line of the file. A line break that is not escaped is printed as a space. */
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
