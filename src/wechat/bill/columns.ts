/**
 * Finds the columns of a bill by their names, because WeChat has several layouts and has changed them.
 *
 * @see https://pay.weixin.qq.com/doc/v2/merchant/4011939779
 * @see https://pay.weixin.qq.com/doc/v3/merchant/4013071246
 */

/** The name of a column, and its index in a row: `at` counts from the left or, if negative, from the right. */
export type Column = Readonly<{ name: string; at: number }>

/** The columns about a refund. A bill that contains only payments does not have them. */
export type RefundColumns = Readonly<{
  refundId: Column
  outRefundNo: Column
  refundFee: Column
  settlementRefundFee: Column
  refundStatus: Column
}>

/** Where a bill has each column that the Worker reads. */
export type Columns = Readonly<{
  count: number
  /** Whether a row may have more fields than columns, because the merchant's text may contain separators. */
  isElastic: boolean
  tradeTime: Column
  appid: Column
  transactionId: Column
  outTradeNo: Column
  openid: Column
  tradeType: Column
  tradeState: Column
  feeType: Column
  totalFee: Column
  settlementTotalFee: Column
  serviceFee: Column
  /** The columns about refunds; undefined in a bill that contains only payments. */
  refund: RefundColumns | undefined
  /** The time of a refund; undefined in layouts without such a column. */
  refundAppliedTime: Column | undefined
  /** The rate of the service fee; undefined in a layout without it. */
  rate: Column | undefined
  /**
   * Whether the layout has the amounts before and after `NO_CASH` coupons in columns of their own. WeChat
   * charges its fee for the amount after them.
   */
  isSettlementStated: boolean
}>

/**
 * The columns with the merchant's own text: product name and attach. Neither is read. WeChat's page for V3 says
 * that the text is escaped: a comma is written as a backslash and a blank, a line feed as `\n`, a backquote as
 * a backslash and a backquote, in the rows of refunds as `\140`. Then the text contains no separator and no line
 * break. Bills that were downloaded through V2 have been seen without escapes: the text may contain anything.
 */
const FREE_TEXT = ['商品名称', '商户数据包']

/**
 * The names of each amount in different layouts, the preferred name first. In bills before 2018, `总金额` is both
 * the order amount and the settled amount, and `退款金额` is the requested refund.
 *
 * Merchants without coupons of their own get a layout of 24 columns without the order amount (`订单金额`). There
 * the settled amount (`应结订单金额`) equals the order amount.
 */
const TOTAL = ['订单金额', '总金额', '应结订单金额']
const SETTLEMENT_TOTAL = ['应结订单金额', '总金额']
const REFUND = ['申请退款金额', '退款金额']

/** A first line with at least one of these column names is the header of a bill, and not some other text. */
const BILL_MARKS = ['交易时间', '微信订单号', '商户订单号']

/**
 * Finds the columns in the header line of a bill.
 *
 * @returns `not_a_bill` when the line is not the header of a bill, `unknown_layout` when a needed column is
 *   missing or ambiguous.
 */
export function readHeader(line: string): Columns | 'not_a_bill' | 'unknown_layout' {
  const names = line.split(',')
  if (isXml(line) || !names.some((name) => BILL_MARKS.includes(name))) return 'not_a_bill'

  const free = FREE_TEXT.map((name) => names.indexOf(name)).filter((at) => at >= 0)
  const elastic = free.length === 0 ? undefined : { from: Math.min(...free), to: Math.max(...free) }

  /**
   * Finds the column with the first of the `wanted` names that the header has. Undefined if the header has none
   * of the names, or has the name twice, or if the column stands between two columns of the merchant's text:
   * separators in that text make the index in a row unknown.
   */
  function find(...wanted: readonly string[]): Column | undefined {
    const name = wanted.find((candidate) => names.includes(candidate))
    if (name === undefined) return undefined
    const at = names.indexOf(name)
    if (at !== names.lastIndexOf(name)) return undefined
    if (elastic === undefined || at < elastic.from) return { name, at }
    return at > elastic.to ? { name, at: at - names.length } : undefined
  }

  const columns = complete({
    tradeTime: find('交易时间'),
    appid: find('公众账号ID'),
    transactionId: find('微信订单号'),
    outTradeNo: find('商户订单号'),
    openid: find('用户标识'),
    tradeType: find('交易类型'),
    tradeState: find('交易状态'),
    feeType: find('货币种类'),
    totalFee: find(...TOTAL),
    settlementTotalFee: find(...SETTLEMENT_TOTAL),
    serviceFee: find('手续费'),
  })
  const refund = complete({
    refundId: find('微信退款单号'),
    outRefundNo: find('商户退款单号'),
    refundFee: find(...REFUND),
    settlementRefundFee: find('退款金额'),
    refundStatus: find('退款状态'),
  })
  const isRefundIncomplete = refund === undefined && names.includes('微信退款单号')
  if (columns === undefined || isRefundIncomplete) return 'unknown_layout'
  return {
    ...columns,
    count: names.length,
    isElastic: elastic !== undefined,
    refund,
    refundAppliedTime: find('退款申请时间'),
    rate: find('费率'),
    isSettlementStated: names.includes('应结订单金额') && names.includes('订单金额'),
  }
}

/**
 * Classifies a text that ends before its first line break.
 *
 * @returns `cut_off` if the text may be the beginning of a bill's header.
 */
export function readBrokenHeader(text: string): 'cut_off' | 'not_a_bill' {
  const mayBeBill = BILL_MARKS.some((name) => text.includes(name) || name.startsWith(text))
  return mayBeBill && !isXml(text) ? 'cut_off' : 'not_a_bill'
}

/**
 * Whether the text is one of WeChat's error messages, which are XML. An error message may quote a column name,
 * so a column name alone does not make a text a bill.
 */
const isXml = (text: string): boolean => text.startsWith('<')

/** @returns the columns if all of them were found, otherwise undefined. */
function complete<K extends string>(
  found: Readonly<Record<K, Column | undefined>>,
): Readonly<Record<K, Column>> | undefined {
  const isComplete = Object.values(found).every((column) => column !== undefined)
  return isComplete ? (found as Readonly<Record<K, Column>>) : undefined
}
