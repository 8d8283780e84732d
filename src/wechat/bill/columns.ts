/**
 * Finds the columns of a bill. WeChat has several layouts and has changed them, so
 * columns are found by name.
 *
 * @see https://pay.weixin.qq.com/doc/v2/merchant/4011939779
 */

/** A column and its index in a row: `at` counts from the left or, when it is negative, from the right. */
export type Column = Readonly<{ name: string; at: number }>

/** The columns about a refund. Layouts for payments alone do not have them. */
export type RefundColumns = Readonly<{
  refundId: Column
  outRefundNo: Column
  refundFee: Column
  settlementRefundFee: Column
  refundStatus: Column
}>

/** The columns of a layout that we read. */
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
  /** Undefined in a bill of payments. */
  refund: RefundColumns | undefined
  /** Undefined in layouts where refunds have no time of their own. */
  refundAppliedTime: Column | undefined
}>

/** Product name and attach: text that the merchant wrote, with any character, not escaped. We need neither. */
const FREE_TEXT = ['商品名称', '商户数据包']

/**
 * Names of an amount in different layouts, the preferred one first. In bills before 2018 both order amounts
 * are `总金额`, and the requested refund is `退款金额`.
 *
 * Merchants without coupons of their own get a layout of 24 columns without `订单金额`. There the settled
 * amount, `应结订单金额`, equals it.
 */
const TOTAL = ['订单金额', '总金额', '应结订单金额']
const SETTLEMENT_TOTAL = ['应结订单金额', '总金额']
const REFUND = ['申请退款金额', '退款金额']

/** Each of these names alone shows that a header is meant to be that of a bill. */
const BILL_MARKS = ['交易时间', '微信订单号', '商户订单号']

/**
 * Finds the columns in the header line.
 *
 * @returns `not_a_bill` when the line is not the header of a bill, `unknown_layout` when a column that we
 *   need is missing or ambiguous.
 */
export function readHeader(line: string): Columns | 'not_a_bill' | 'unknown_layout' {
  const names = line.split(',')
  if (isXml(line) || !names.some((name) => BILL_MARKS.includes(name))) return 'not_a_bill'

  const free = FREE_TEXT.map((name) => names.indexOf(name)).filter((at) => at >= 0)
  const elastic = free.length === 0 ? undefined : { from: Math.min(...free), to: Math.max(...free) }

  /**
   * Undefined if no column has one of the names, if two have it, or if its index in a row is unknown,
   * because free text with separators stands on both sides.
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
  }
}

/**
 * Classifies a header line that ends before its line break.
 *
 * @returns `cut_off` if a bill may begin like that.
 */
export function readBrokenHeader(text: string): 'cut_off' | 'not_a_bill' {
  const mayBeBill = BILL_MARKS.some((name) => text.includes(name) || name.startsWith(text))
  return mayBeBill && !isXml(text) ? 'cut_off' : 'not_a_bill'
}

/** WeChat's error messages are XML. They may quote any column name, so names alone do not make a bill. */
const isXml = (text: string): boolean => text.startsWith('<')

/** @returns the columns if all of them were found, otherwise undefined. */
function complete<K extends string>(
  found: Readonly<Record<K, Column | undefined>>,
): Readonly<Record<K, Column>> | undefined {
  const isComplete = Object.values(found).every((column) => column !== undefined)
  return isComplete ? (found as Readonly<Record<K, Column>>) : undefined
}
