// The columns of a bill, as WeChat names and orders them. A row has values for all columns; the layout decides which are
// printed.
// @see https://pay.weixin.qq.com/wiki/doc/api/wxa/wxa_api.php?chapter=9_6
// @see https://pay.weixin.qq.com/doc/v3/merchant/4013071246
import type { BillLayout, BillType } from '../state/bill-plan.ts'

/** A printed column: the header, and the name of the column in `BillRow.columns` whose values are printed below it. */
export type PrintedColumn = readonly [header: string, column: string]

/**
 * A total: the header, the column whose values are added up, and the decimals of the sum. Without a column, the rows are
 * counted.
 */
export type PrintedTotal = readonly [header: string, column?: string, decimals?: 2 | 5]

/** The columns and totals that a bill file prints, in their order. */
export type PrintedLayout = {
  columns: readonly PrintedColumn[]
  totals: readonly PrintedTotal[]
}

/**
 * The name of the column for the part of a refund that goes to CASH and NO_CASH coupons together. Only the layouts `old` and
 * `oldest` print this column.
 */
export const BOTH_COUPONS = '优惠退款金额'

const HEAD =
  '交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额'
const REFUND_TIMES = '退款申请时间,退款成功时间'
const REFUND_PART = '微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态'
const GOODS = '商品名称,商户数据包,手续费,费率,订单金额'

const COLUMNS: Readonly<Record<BillType, string>> = {
  ALL: `${HEAD},${REFUND_PART},${GOODS},申请退款金额,费率备注`,
  SUCCESS: `${HEAD},${GOODS},费率备注`,
  REFUND: `${HEAD},${REFUND_TIMES},${REFUND_PART},${GOODS},申请退款金额,费率备注`,
  // WeChat does not publish the position of the column 返还手续费 (returned service fee), so its place at the end is a guess.
  RECHARGE_REFUND: `${HEAD},${REFUND_TIMES},${REFUND_PART},${GOODS},申请退款金额,费率备注,返还手续费`,
}

const TOTALS: readonly PrintedTotal[] = [
  ['总交易单数'],
  ['应结订单总金额', '应结订单金额', 2],
  ['退款总金额', '退款金额', 2],
  ['充值券退款总金额', '充值券退款金额', 2],
  ['手续费总金额', '手续费', 5],
  ['订单总金额', '订单金额', 2],
  ['申请退款总金额', '申请退款金额', 2],
]

/**
 * What the `old` layout prints in place of a column of today's layout: amounts before NO_CASH coupons are deducted, and one sum
 * for both types of coupons.
 */
const OLD_NAMES: Readonly<Record<string, PrintedColumn>> = {
  特约商户号: ['子商户号', '特约商户号'],
  应结订单金额: ['总金额', '订单金额'],
  代金券金额: ['代金券或立减优惠金额', '代金券金额'],
  退款金额: ['退款金额', '申请退款金额'],
  充值券退款金额: ['代金券或立减优惠退款金额', BOTH_COUPONS],
}

/**
 * What the `short` layout prints in place of settled amounts: amounts before NO_CASH coupons are deducted. For a merchant
 * without coupons of its own, these amounts equal the settled amounts.
 */
const WITHOUT_COUPONS: Readonly<Record<string, string>> = {
  应结订单金额: '订单金额',
  退款金额: '申请退款金额',
}

const OLD_TOTALS: readonly PrintedTotal[] = [
  ['总交易单数'],
  ['总交易额', '订单金额', 2],
  ['总退款金额', '申请退款金额', 2],
  ['总代金券或立减优惠退款金额', BOTH_COUPONS, 2],
  ['手续费总金额', '手续费', 5],
]

/** The `old` name of a coupon, and its name in the layout `oldest`: a red packet of the company. */
const OLD_COUPON = '代金券或立减优惠'
const OLDEST_COUPON = '企业红包'

/**
 * The columns and totals of a bill in a layout. A bill has no total of a column that it does not print. The layout `short` was
 * seen in bills of type ALL only; its other types are derived from this one.
 */
export function printedLayout(type: BillType, layout: BillLayout): PrintedLayout {
  const names = COLUMNS[type].split(',')
  const columns = names.map((name): PrintedColumn => [name, name])
  const totals = totalsOf(names)
  switch (layout) {
    case 'new':
      return { columns, totals }
    case 'old':
      return oldLayout(names)
    case 'oldest':
      return oldestLayout(names)
    case 'short':
      return shortLayout(names)
    case 'reversed':
      return { columns: columns.toReversed(), totals }
    case 'one_more':
      return { columns: columns.toSpliced(6, 0, ['门店编号', '特约商户号']), totals }
  }
}

/** Whether a bill in any layout has a total with this header. */
export function isTotal(header: string): boolean {
  const totals = [...TOTALS, ...oldestLayout([]).totals, ...OLD_TOTALS]
  return totals.some(([known]) => known === header)
}

const totalsOf = (names: readonly string[]): readonly PrintedTotal[] =>
  TOTALS.filter(([, column]) => column === undefined || names.includes(column))

/** The columns that bills had before 应结订单金额 (amount to settle) was added: all up to the fee rate. */
const upToFeeRate = (names: readonly string[]): readonly string[] =>
  names.slice(0, names.indexOf('费率') + 1)

function oldLayout(names: readonly string[]): PrintedLayout {
  return {
    columns: upToFeeRate(names).map((name) => OLD_NAMES[name] ?? [name, name]),
    totals: OLD_TOTALS,
  }
}

function oldestLayout(names: readonly string[]): PrintedLayout {
  const { columns, totals } = oldLayout(names)
  const rename = (header: string): string => header.replace(OLD_COUPON, OLDEST_COUPON)
  return {
    columns: columns.map(([header, column]): PrintedColumn => [rename(header), column]),
    totals: totals.map(([header, ...sum]): PrintedTotal => [rename(header), ...sum]),
  }
}

function shortLayout(names: readonly string[]): PrintedLayout {
  const kept = upToFeeRate(names)
  const renamed = (column: string): string => WITHOUT_COUPONS[column] ?? column
  return {
    columns: kept.map((name): PrintedColumn => [name, renamed(name)]),
    totals: totalsOf(kept).map(([header, column, decimals = 2]): PrintedTotal =>
      column === undefined ? [header] : [header, renamed(column), decimals],
    ),
  }
}
