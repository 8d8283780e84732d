/** One row of a bill, by the meaning of its fields. */
import { parseTransactionId } from '../../core/ids.ts'
import { parseBeijingDashed } from '../../core/time.ts'
import type { BillPayment, BillRefund } from '../../ports/bill-reader.ts'
import type { Column, Columns } from './columns.ts'
import { ROW_CHARS_MAX } from './lines.ts'
import { parseYuan, parseYuanMillifen } from './yuan.ts'

/**
 * What a row adds to the totals. WeChat's totals are those of the columns, so a refund's order amounts
 * count as well, and what a revoked payment gave back; both are nought in every bill we have seen.
 */
export type RowAmounts = Readonly<{
  totalFee: number
  settlementTotalFee: number
  refundFee: number
  settlementRefundFee: number
  serviceFee: number
}>

export type ReadRow =
  | Readonly<{ row: BillPayment | BillRefund; amounts: RowAmounts }>
  /** The column that is missing or makes no sense, or what is wrong with the row as a whole. */
  | Readonly<{ unreadable: string }>

/** Nothing is escaped: a comma alone may be anywhere. */
const SEPARATOR = ',`'

const STATES = ['SUCCESS', 'REFUND', 'REVOKED']

/** The merchant's number. Other systems of the merchant have theirs, so anything that can be one is. */
const ID = /^[^\s\p{Cc}\uFFFD]{1,64}$/u
/** WeChat's number; `0` says that there is none. */
const REFUND_ID = /^(?!0$)[0-9A-Za-z]{1,32}$/

type Read = (column: Column) => string

/** @param row counts from 1. */
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
  const isRefund = state === 'REFUND' || (refundId !== '' && refundId !== '0')
  // Also what shows that fields are shifted, by a separator where none can be.
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

  const line = { row, appid: read(columns.appid), transactionId, outTradeNo, at, serviceFee }
  return isRefund
    ? readRefund(columns, read, line)
    : readPayment(columns, read, line, state === 'REVOKED' ? 'revoked' : 'payment')
}

type Line = Pick<
  BillPayment,
  'row' | 'appid' | 'transactionId' | 'outTradeNo' | 'at' | 'serviceFee'
>

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
      feeType: read(columns.feeType) === '' ? 'CNY' : read(columns.feeType), // as in every message
      totalFee,
      settlementTotalFee,
    },
    amounts: {
      totalFee,
      settlementTotalFee,
      refundFee: refund === undefined ? 0 : yuanOrNothing(read(refund.refundFee)),
      settlementRefundFee:
        refund === undefined ? 0 : yuanOrNothing(read(refund.settlementRefundFee)),
      serviceFee: line.serviceFee,
    },
  }
}

function readRefund({ refund, ...columns }: Columns, read: Read, line: Line): ReadRow {
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
    },
    amounts: {
      totalFee: yuanOrNothing(read(columns.totalFee)),
      settlementTotalFee: yuanOrNothing(read(columns.settlementTotalFee)),
      refundFee,
      settlementRefundFee,
      serviceFee: line.serviceFee,
    },
  }
}

/** In a bill of refunds the trade's time is the payment's, days before. */
function refundTimeColumn({ refundAppliedTime, tradeTime }: Columns, read: Read): Column {
  const isThere = refundAppliedTime !== undefined && read(refundAppliedTime) !== ''
  return isThere ? refundAppliedTime : tradeTime
}

/** For amounts that only the totals need. */
const yuanOrNothing = (text: string): number => parseYuan(text) ?? 0
