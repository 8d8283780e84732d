import type { BillLayout } from './layouts.ts'
import { type BillColumns, type BillRow, formatYuan } from './rows.ts'

/** How one day's bill differs from what happened. `number` is a transaction_id or an out_refund_no. */
export type BillChange =
  | { kind: 'drop_row'; number: string }
  /** Any columns of a row, by WeChat's names. */
  | { kind: 'set_columns'; number: string; columns: BillColumns }
  | { kind: 'other_amount'; number: string; fen: number }
  /** A payment or refund that never was; what is not given is made up, for one yuan. */
  | { kind: 'extra_row'; row: 'payment' | 'refund'; columns?: BillColumns }
  /** A refund of a payment that was, which nobody asked for. */
  | { kind: 'unasked_refund'; outTradeNo: string; fen: number }
  | { kind: 'layout'; layout: BillLayout }
  /** Every number of the last line is one too high. */
  | { kind: 'wrong_totals' }
  /** The file ends somewhere in the middle. As GZIP it is a whole stream; the fault `truncated_xml` cuts that. */
  | { kind: 'cut_off' }
  /** Nobody gets it, that many times (default until it is cleared): 20007 and 20003 are real ones. */
  | { kind: 'unavailable'; errorCode: string; returnMsg: string; times?: number }

/** What is kept of a change: rows that are made up are made up once, so that the bill says the same every time. */
export type KeptChange =
  | Exclude<
      BillChange,
      { kind: 'extra_row' } | { kind: 'unasked_refund' } | { kind: 'unavailable' }
    >
  | { kind: 'add_row'; row: BillRow }

/** The rows after every change that is about rows. */
export function changeRows(
  rows: readonly BillRow[],
  changes: readonly KeptChange[],
): readonly BillRow[] {
  return changes.reduce(changeRow, rows)
}

function changeRow(rows: readonly BillRow[], change: KeptChange): readonly BillRow[] {
  switch (change.kind) {
    case 'drop_row':
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
    case 'add_row':
      return [...rows, change.row]
    default:
      return rows
  }
}

function mapRow(
  rows: readonly BillRow[],
  number: string,
  columnsOf: (row: BillRow) => BillColumns,
): readonly BillRow[] {
  return rows.map((row) =>
    row.number === number ? { ...row, columns: { ...row.columns, ...columnsOf(row) } } : row,
  )
}
