import { formatFeeRate, formatServiceFee, formatYuan } from '../lib/yuan.ts'
import type { BillColumns, BillRow, PlannedChange } from '../state/bill-plan.ts'

/**
 * Applies the bill plan's changes to the rows of a day, in order. Changes of the file, such as its layout or totals, do not
 * affect rows. A late row is removed here; `billRows` adds it to the next day.
 */
export function changeRows(
  rows: readonly BillRow[],
  changes: readonly PlannedChange[],
): readonly BillRow[] {
  return changes.reduce(changeRow, rows)
}

function changeRow(rows: readonly BillRow[], change: PlannedChange): readonly BillRow[] {
  switch (change.kind) {
    case 'drop_row':
    case 'late_row':
      return rows.filter(({ number }) => number !== change.number)
    case 'set_columns':
      return mapRow(rows, change.number, () => change.columns)
    case 'other_amount': {
      const yuan = formatYuan(change.fen)
      return mapRow(rows, change.number, ({ kind }) =>
        kind === 'payment'
          ? { 应结订单金额: yuan, 订单金额: yuan }
          : { 退款金额: yuan, 申请退款金额: yuan },
      )
    }
    case 'other_fee_rate':
      return mapRow(rows, change.number, ({ columns }) => ({
        费率: formatFeeRate(change.basisPoints),
        手续费: formatServiceFee(fenIn(columns['应结订单金额']), change.basisPoints),
      }))
    case 'repeat_row':
      return [...rows, ...rows.filter(({ number }) => number === change.number).slice(0, 1)]
    case 'add_row':
      return [...rows, change.row]
    default:
      return rows
  }
}

/** Reads an amount that a row prints, in fen. */
const fenIn = (yuan = '0.00'): number => Number(yuan.replace('.', ''))

function mapRow(
  rows: readonly BillRow[],
  number: string,
  columnsOf: (row: BillRow) => BillColumns,
): readonly BillRow[] {
  return rows.map((row) =>
    row.number === number ? { ...row, columns: { ...row.columns, ...columnsOf(row) } } : row,
  )
}
