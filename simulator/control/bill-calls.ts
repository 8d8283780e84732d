import {
  BILL_ESCAPES,
  BILL_LAYOUTS,
  BILL_TYPES,
  type BillChange,
  type BillColumns,
} from '../state/bill-plan.ts'
import type { Call } from './call.ts'
import {
  ControlError,
  isJsonObject,
  type JsonObject,
  needNumber,
  needOneOf,
  needText,
  readOneOf,
  readText,
} from './json.ts'

const CHANGE_KINDS = [
  'drop_row',
  'set_columns',
  'other_amount',
  'other_fee_rate',
  'repeat_row',
  'late_row',
  'extra_row',
  'unasked_refund',
  'revoked_row',
  'layout',
  'escapes',
  'other_file',
  'wrong_totals',
  'cut_off',
  'unavailable',
] as const satisfies readonly BillChange['kind'][]

/** The calls of the control interface about bills, by method and path below `/_control/`. */
export const BILL_CALLS: Readonly<Record<string, Call>> = {
  'POST bill': {
    about: `{date, bill_type?, layout?} → {text}: the current bill of that day (yyyyMMdd); layout is one of ${BILL_LAYOUTS.join(', ')}`,
    run: (body, { simulator }) => {
      const billType = readOneOf(body, 'bill_type', BILL_TYPES)
      const layout = readOneOf(body, 'layout', BILL_LAYOUTS)
      const text = simulator.bills.text(needText(body, 'date'), {
        ...(billType === undefined ? {} : { billType }),
        ...(layout === undefined ? {} : { layout }),
      })
      return { text }
    },
  },
  'POST change-bill': {
    about: `{date, kind, …} makes the bill of that day differ from what happened: drop_row {number}, set_columns {number, columns}, other_amount {number, fen}, other_fee_rate {number, basis_points}, repeat_row {number}, late_row {number} (it stands in the bill of the next day), extra_row {row: payment or refund, columns?}, unasked_refund {out_trade_no, fen}, revoked_row {out_trade_no, columns?}, layout {layout}, escapes {escapes: ${BILL_ESCAPES.join(', ')}}, other_file {other_date?, bill_type?}, wrong_totals {header?}, cut_off {at?: middle or last_digit}, unavailable {error_code, return_msg, times?}; number is a transaction_id or an out_refund_no`,
    run: (body, { simulator }) => {
      simulator.bills.change(needText(body, 'date'), needChange(body))
      return { ok: true }
    },
  },
  'POST clear-bill-changes': {
    about: '{date?} undoes the changes of the bill of that day, or of every day',
    run: (body, { simulator }) => {
      simulator.bills.clearChanges(readText(body, 'date'))
      return { ok: true }
    },
  },
}

function needChange(body: JsonObject): BillChange {
  const kind = needOneOf(body, 'kind', CHANGE_KINDS)
  switch (kind) {
    case 'drop_row':
    case 'repeat_row':
    case 'late_row':
      return { kind, number: needText(body, 'number') }
    case 'set_columns':
      return { kind, number: needText(body, 'number'), columns: readColumns(body['columns']) }
    case 'other_amount':
      return { kind, number: needText(body, 'number'), fen: needNumber(body, 'fen') }
    case 'other_fee_rate':
      return {
        kind,
        number: needText(body, 'number'),
        basisPoints: needNumber(body, 'basis_points'),
      }
    case 'extra_row': {
      const columns = readColumns(body['columns'] ?? {})
      const row = needOneOf(body, 'row', ['payment', 'refund'])
      return { kind, row, columns }
    }
    case 'unasked_refund':
      return { kind, outTradeNo: needText(body, 'out_trade_no'), fen: needNumber(body, 'fen') }
    case 'revoked_row': {
      const columns = readColumns(body['columns'] ?? {})
      return { kind, outTradeNo: needText(body, 'out_trade_no'), columns }
    }
    case 'layout':
      return { kind, layout: needOneOf(body, 'layout', BILL_LAYOUTS) }
    case 'escapes':
      return { kind, escapes: needOneOf(body, 'escapes', BILL_ESCAPES) }
    case 'other_file': {
      const date = readText(body, 'other_date')
      const billType = readOneOf(body, 'bill_type', BILL_TYPES)
      return {
        kind,
        ...(date === undefined ? {} : { date }),
        ...(billType === undefined ? {} : { billType }),
      }
    }
    case 'wrong_totals': {
      const header = readText(body, 'header')
      return { kind, ...(header === undefined ? {} : { header }) }
    }
    case 'cut_off':
      return { kind, at: readOneOf(body, 'at', ['middle', 'last_digit']) ?? 'middle' }
    case 'unavailable':
      return {
        kind,
        errorCode: needText(body, 'error_code'),
        returnMsg: needText(body, 'return_msg'),
        ...(body['times'] === undefined ? {} : { times: needNumber(body, 'times') }),
      }
  }
}

function readColumns(columns: unknown): BillColumns {
  const wrong = new ControlError(
    400,
    'columns is not an object of texts',
    'send WeChat\'s own names: {"columns": {"商品名称": "a,`b"}}',
  )
  if (!isJsonObject(columns)) throw wrong
  return Object.fromEntries(
    Object.entries(columns).map(([name, value]) => {
      if (typeof value !== 'string') throw wrong
      return [name, value]
    }),
  )
}
