/** Reads WeChat's totals from the last two lines of a bill, and compares them with the sums of the rows. */
import type { BillSums } from '../../ports/bill-reader.ts'
import type { Summary } from './lines.ts'
import { parseYuan, parseYuanMillifen } from './yuan.ts'

/** The names of the totals that every layout has. A second name was used before 2018. */
const ROWS = ['总交易单数']
const SETTLEMENT_TOTAL = ['应结订单总金额', '总交易额']
const SETTLEMENT_REFUND = ['退款总金额', '总退款金额']
const SERVICE_FEE = ['手续费总金额']
const NEEDED = [ROWS, SETTLEMENT_TOTAL, SETTLEMENT_REFUND, SERVICE_FEE]
/** The names of totals in the last line that bills before 2018 do not have. */
const TOTAL = ['订单总金额']
const REFUND = ['申请退款总金额']

/**
 * Reads the summary.
 *
 * @param read The sums of the rows. The returned `payments` and `refunds` are taken from here, because WeChat
 *   does not state them.
 * @returns `cut_off` when the last line breaks off or a total is not a number, `unknown_layout` when a
 *   total that every layout has is missing.
 */
export function readSummary(
  { header, values }: Summary,
  read: BillSums,
): BillSums | 'cut_off' | 'unknown_layout' {
  const names = header.split(',')
  const fields = values.slice(1).split(',`')
  const find = (wanted: readonly string[]): number =>
    names.findIndex((name) => wanted.includes(name))
  if (NEEDED.some((wanted) => find(wanted) < 0)) return 'unknown_layout'
  if (fields.length < names.length) return 'cut_off'

  const text = (wanted: readonly string[]): string => fields[find(wanted)] ?? ''
  const rows = parseCount(text(ROWS))
  const settlementTotalFee = parseYuan(text(SETTLEMENT_TOTAL))
  const settlementRefundFee = parseYuan(text(SETTLEMENT_REFUND))
  const serviceFee = parseYuanMillifen(text(SERVICE_FEE))
  // A total that the bill does not have is read as "0" here, so that `undefined` only means unreadable.
  const totalFee = parseYuan(find(TOTAL) < 0 ? '0' : text(TOTAL))
  const refundFee = parseYuan(find(REFUND) < 0 ? '0' : text(REFUND))
  if (
    rows === undefined ||
    settlementTotalFee === undefined ||
    settlementRefundFee === undefined ||
    serviceFee === undefined ||
    totalFee === undefined ||
    refundFee === undefined
  ) {
    return 'cut_off'
  }
  return {
    rows,
    payments: read.payments,
    refunds: read.refunds,
    totalFee: find(TOTAL) < 0 ? undefined : totalFee,
    settlementTotalFee,
    refundFee: find(REFUND) < 0 ? undefined : refundFee,
    settlementRefundFee,
    serviceFee,
  }
}

/**
 * Finds the sums in which WeChat's totals and the rows differ.
 *
 * @param stated WeChat's totals.
 * @param read The sums of the rows.
 */
export function findDiffering(stated: BillSums, read: BillSums): readonly (keyof BillSums)[] {
  const amounts = [
    'totalFee',
    'settlementTotalFee',
    'refundFee',
    'settlementRefundFee',
    'serviceFee',
  ] as const
  const differing = amounts.filter(
    (name) => stated[name] !== undefined && stated[name] !== read[name],
  )
  // WeChat does not document whether its number of rows includes refunds. So the number of all rows and the
  // number of payments are both accepted.
  const isCountRight = stated.rows === read.rows || stated.rows === read.payments
  return isCountRight ? differing : ['rows', ...differing]
}

/** Parses a count of rows. Some bills write it as `45.0`. */
function parseCount(text: string): number | undefined {
  const [, count] = /^(0|[1-9]\d{0,8})(?:\.0+)?$/.exec(text) ?? []
  return count === undefined ? undefined : Number(count)
}
