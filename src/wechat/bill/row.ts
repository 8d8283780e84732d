/** Reads one row of a bill. */
import type { BillPayment, BillRefund } from '../../core/bill/bill-row.ts'
import { parseTransactionId } from '../../core/ids.ts'
import { type Fen, toFen } from '../../core/money.ts'
import { parseBeijingDashed } from '../../core/time.ts'
import type { Column, Columns } from './columns.ts'
import { ROW_CHARS_MAX } from './lines.ts'
import { parseYuan, parseYuanMillifen } from './yuan.ts'

/**
 * The amounts that a row adds to the totals, in fen; `serviceFee` is in 1/1000 fen.
 *
 * WeChat's totals are the sums of whole columns. So the amounts of the order count also in the row of a
 * refund, and the refunded amounts count also in the row of a revoked payment. Both are zero in every bill we
 * have seen.
 */
export type RowAmounts = Readonly<{
  totalFee: number
  settlementTotalFee: number
  refundFee: number
  settlementRefundFee: number
  serviceFee: number
}>

/** What {@link readRow} returns: the row and its amounts, or why it is unreadable. */
export type ReadRow =
  | Readonly<{ row: BillPayment | BillRefund; amounts: RowAmounts }>
  /** The name of the column that is missing or invalid, or what is wrong with the row as a whole. */
  | Readonly<{ unreadable: string }>

/**
 * What separates two fields: a comma, and the backquote with which WeChat begins every field. A comma that no
 * backquote follows is part of a field. An escaped comma or backquote does not look like a separator.
 */
const SEPARATOR = ',`'

const STATES = ['SUCCESS', 'REFUND', 'REVOKED']
/** The maximum number of characters of a rate that are kept. A real one has five: `0.60%`. */
const RATE_CHARS_MAX = 16

/**
 * The format of an out_trade_no or out_refund_no. Other systems of the merchant have formats of their own, so
 * any text without spaces and control characters is allowed.
 */
const ID = /^[^\s\p{Cc}\uFFFD]{1,64}$/u
/** The format of WeChat's refund_id. `0` is excluded: it means that the row has no refund. */
const REFUND_ID = /^(?!0$)[0-9A-Za-z]{1,32}$/

/** Returns the text of a column in the row that is being read; empty when the row has no such field. */
type Read = (column: Column) => string

/**
 * Reads one row.
 *
 * @param row The number of the row in the bill, from 1.
 */
export function readRow(columns: Columns, row: number, text: string): ReadRow {
  if (text.length > ROW_CHARS_MAX) return { unreadable: 'too_long' }
  if (!text.startsWith('`')) return { unreadable: 'not_a_row' }
  const fields = text.slice(1).split(SEPARATOR)
  const { count } = columns
  if (fields.length < count) return { unreadable: 'too_few_fields' }
  if (fields.length > count && !columns.isElastic) return { unreadable: 'too_many_fields' }
  const read: Read = ({ at }) => fields.at(at) ?? ''

  const state = read(columns.tradeState)
  const refundId = columns.refund === undefined ? '' : read(columns.refund.refundId)
  const hasRefund = refundId !== '' && refundId !== '0'
  // A payment that was revoked stays one, also when its row names a refund: WeChat returned it as a whole.
  const isRefund = state === 'REFUND' || (state !== 'REVOKED' && hasRefund)
  // The state is unknown, too, when a separator inside another field has shifted the fields.
  if (!STATES.includes(state)) return { unreadable: columns.tradeState.name }

  const timeColumn = isRefund ? refundTimeColumn(columns, read) : columns.tradeTime
  const at = parseBeijingDashed(read(timeColumn))
  if (at === undefined) return { unreadable: timeColumn.name }
  const transactionId = parseTransactionId(read(columns.transactionId))
  if (transactionId === undefined) return { unreadable: columns.transactionId.name }
  const outTradeNo = read(columns.outTradeNo)
  if (!ID.test(outTradeNo)) return { unreadable: columns.outTradeNo.name }
  const serviceFee = parseYuanMillifen(read(columns.serviceFee))
  if (serviceFee === undefined) return { unreadable: columns.serviceFee.name }

  const rate = columns.rate === undefined ? '' : read(columns.rate).slice(0, RATE_CHARS_MAX)
  const line = { row, appid: read(columns.appid), transactionId, outTradeNo, at, serviceFee, rate }
  return isRefund
    ? readRefund(columns, read, line)
    : readPayment(columns, read, line, state === 'REVOKED' ? 'revoked' : 'payment')
}

type Line = Pick<
  BillPayment,
  'row' | 'appid' | 'transactionId' | 'outTradeNo' | 'at' | 'serviceFee' | 'rate'
>

/** The amount that the service fee is a percentage of, as far as the layout states it. */
const feeBaseOf = ({ isSettlementStated }: Columns, settled: Fen): BillPayment['feeBase'] => ({
  least: isSettlementStated ? settled : toFen(0),
  most: settled,
})

function readPayment(
  columns: Columns,
  read: Read,
  line: Line,
  kind: 'payment' | 'revoked',
): ReadRow {
  const totalFee = parseYuan(read(columns.totalFee))
  if (totalFee === undefined) return { unreadable: columns.totalFee.name }
  const settlementTotalFee = parseYuan(read(columns.settlementTotalFee))
  if (settlementTotalFee === undefined) return { unreadable: columns.settlementTotalFee.name }
  const { refund } = columns

  return {
    row: {
      kind,
      ...line,
      openid: read(columns.openid),
      tradeType: read(columns.tradeType),
      feeType: read(columns.feeType) === '' ? 'CNY' : read(columns.feeType), // an empty currency means CNY
      totalFee,
      settlementTotalFee,
      feeBase: feeBaseOf(columns, settlementTotalFee),
    },
    amounts: {
      totalFee,
      settlementTotalFee,
      refundFee: refund === undefined ? 0 : yuanOrZero(read(refund.refundFee)),
      settlementRefundFee: refund === undefined ? 0 : yuanOrZero(read(refund.settlementRefundFee)),
      serviceFee: line.serviceFee,
    },
  }
}

function readRefund(columns: Columns, read: Read, line: Line): ReadRow {
  const { refund } = columns
  if (refund === undefined) return { unreadable: columns.tradeState.name }
  const refundId = read(refund.refundId)
  if (!REFUND_ID.test(refundId)) return { unreadable: refund.refundId.name }
  const outRefundNo = read(refund.outRefundNo)
  if (!ID.test(outRefundNo)) return { unreadable: refund.outRefundNo.name }
  const refundFee = parseYuan(read(refund.refundFee))
  if (refundFee === undefined) return { unreadable: refund.refundFee.name }
  const settlementRefundFee = parseYuan(read(refund.settlementRefundFee))
  if (settlementRefundFee === undefined) return { unreadable: refund.settlementRefundFee.name }

  return {
    row: {
      kind: 'refund',
      ...line,
      refundId,
      outRefundNo,
      refundFee,
      settlementRefundFee,
      refundStatus: read(refund.refundStatus),
      feeBase: feeBaseOf(columns, settlementRefundFee),
    },
    amounts: {
      totalFee: yuanOrZero(read(columns.totalFee)),
      settlementTotalFee: yuanOrZero(read(columns.settlementTotalFee)),
      refundFee,
      settlementRefundFee,
      serviceFee: line.serviceFee,
    },
  }
}

/**
 * Chooses the column with the time of the refund. In a bill that contains only refunds, `交易时间` is the time of
 * the payment, which may be days earlier.
 */
function refundTimeColumn({ refundAppliedTime, tradeTime }: Columns, read: Read): Column {
  const hasOwnTime = refundAppliedTime !== undefined && read(refundAppliedTime) !== ''
  return hasOwnTime ? refundAppliedTime : tradeTime
}

/** Parses an amount that is needed only for the totals. An unreadable amount counts as zero. */
const yuanOrZero = (text: string): number => parseYuan(text) ?? 0
