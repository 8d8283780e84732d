/** Reads WeChat's totals from the last two lines of a bill, and compares them with the sums of the rows. */
import type { Fen } from '../../core/money.ts'
import type { BillSums } from '../../ports/bill/bill-reader.ts'
import type { Summary } from './lines.ts'
import { parseYuan, parseYuanMillifen } from './yuan.ts'

/** The names of the totals that bills have. A second name was used before 2018. */
const ROWS = ['总交易单数']
const SETTLEMENT_TOTAL = ['应结订单总金额', '总交易额']
const SETTLEMENT_REFUND = ['退款总金额', '总退款金额']
const SERVICE_FEE = ['手续费总金额']
/** The totals of every layout. Those about refunds are missing in a bill that contains only payments. */
const NEEDED = [ROWS, SETTLEMENT_TOTAL, SERVICE_FEE]
/** The names of totals in the last line that bills before 2018 do not have. */
const TOTAL = ['订单总金额']
const REFUND = ['申请退款总金额']
/** How a number of the last line ends: WeChat writes amounts with two decimals, and its fee with five. */
const FEN_DECIMALS = /\.\d{2}$/
const FEE_DECIMALS = /\.\d{5}$/

/**
 * Reads the summary.
 *
 * @param hasRefunds Whether the bill has columns about refunds, so that the sum of the refunds must be stated.
 * @param read The sums of the rows. The returned `payments` and `refunds` are taken from here, because WeChat
 *   does not state them.
 * @returns `cut_off` when the last line breaks off or a total is not a number, `unknown_layout` when a
 *   total that every layout has is missing.
 */
export function readSummary(
  { header, values, isLineEnded }: Summary,
  hasRefunds: boolean,
  read: BillSums,
): BillSums | 'cut_off' | 'unknown_layout' {
  const names = header.split(',')
  const fields = values.slice(1).split(',`')
  const find = (wanted: readonly string[]): number =>
    names.findIndex((name) => wanted.includes(name))
  const needed = hasRefunds ? [...NEEDED, SETTLEMENT_REFUND] : NEEDED
  if (needed.some((wanted) => find(wanted) < 0)) return 'unknown_layout'
  if (fields.length < names.length) return 'cut_off'
  // Without a line break behind it, the last number may lack its last digits.
  const decimals = SERVICE_FEE.includes(names.at(-1) ?? '') ? FEE_DECIMALS : FEN_DECIMALS
  if (!isLineEnded && !decimals.test(values)) return 'cut_off'

  const text = (wanted: readonly string[]): string => fields[find(wanted)] ?? ''
  // A total that the bill does not have is read as "0" here, so that `undefined` only means unreadable.
  const yuan = (wanted: readonly string[]): Fen | undefined =>
    parseYuan(find(wanted) < 0 ? '0' : text(wanted))
  const rows = parseCount(text(ROWS))
  const settlementTotalFee = yuan(SETTLEMENT_TOTAL)
  const settlementRefundFee = yuan(SETTLEMENT_REFUND)
  const serviceFee = parseYuanMillifen(text(SERVICE_FEE))
  const totalFee = yuan(TOTAL)
  const refundFee = yuan(REFUND)
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
    // 总交易单数 is the number of the bill's rows, refunds included.
    'rows',
    'totalFee',
    'settlementTotalFee',
    'refundFee',
    'settlementRefundFee',
    'serviceFee',
  ] as const
  return amounts.filter((name) => stated[name] !== undefined && stated[name] !== read[name])
}

/** Parses a count of rows. Some bills write it as `45.0`. */
function parseCount(text: string): number | undefined {
  const [, count] = /^(0|[1-9]\d{0,8})(?:\.0+)?$/.exec(text) ?? []
  return count === undefined ? undefined : Number(count)
}
