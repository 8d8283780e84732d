/**
 * Where a bill's columns are. WeChat has several layouts and has changed them, so only names count.
 *
 * @see https://pay.weixin.qq.com/doc/v2/merchant/4011939779
 */

/** `at` counts from the left, or, when it is negative, from the right. */
export type Column = Readonly<{ name: string; at: number }>

export type RefundColumns = Readonly<{
  refundId: Column
  outRefundNo: Column
  refundFee: Column
  settlementRefundFee: Column
  refundStatus: Column
}>

export type Columns = Readonly<{
  count: number
  /** Whether a row may have more fields than columns, where somebody's text contains separators. */
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
  /** A bill of payments has none of these. */
  refund: RefundColumns | undefined
  /** Only where refunds have a time of their own. */
  refundAppliedTime: Column | undefined
}>

/** 商品名称 and 商户数据包: what the merchant wrote, with any character, unescaped. We need neither. */
const FREE_TEXT = ['商品名称', '商户数据包']

/**
 * Later names are those of the bills before 2018. Merchants without coupons of their own get a bill of
 * 24 columns, in which nothing but what is settled stands for the order's amount: there the two are equal.
 */
const TOTAL = ['订单金额', '总金额', '应结订单金额']
const SETTLEMENT_TOTAL = ['应结订单金额', '总金额']
const REFUND = ['申请退款金额', '退款金额']

/** Each of these alone says that this is meant to be a bill. */
const TELLING = ['交易时间', '微信订单号', '商户订单号']

/** Reads the header line. */
export function readHeader(line: string): Columns | 'not_a_bill' | 'unknown_layout' {
  const names = line.split(',')
  if (isXml(line) || !names.some((name) => TELLING.includes(name))) return 'not_a_bill'

  const free = FREE_TEXT.map((name) => names.indexOf(name)).filter((at) => at >= 0)
  const elastic = free.length === 0 ? undefined : { from: Math.min(...free), to: Math.max(...free) }

  /** `undefined` if there is no such column, or if one cannot say which it is, or where in a row. */
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
  const isHalf = refund === undefined && names.includes('微信退款单号')
  if (columns === undefined || isHalf) return 'unknown_layout'
  return {
    ...columns,
    count: names.length,
    isElastic: elastic !== undefined,
    refund,
    refundAppliedTime: find('退款申请时间'),
  }
}

/**
 * Judges a header that ends before its line does.
 *
 * @returns `cut_off` if a bill may begin like that.
 */
export function readBrokenHeader(text: string): 'cut_off' | 'not_a_bill' {
  const isBegun = TELLING.some((name) => text.includes(name) || name.startsWith(text))
  return isBegun && !isXml(text) ? 'cut_off' : 'not_a_bill'
}

/** WeChat's refusals are, and may quote anything. */
const isXml = (text: string): boolean => text.startsWith('<')

function complete<K extends string>(
  found: Readonly<Record<K, Column | undefined>>,
): Readonly<Record<K, Column>> | undefined {
  const isComplete = Object.values(found).every((column) => column !== undefined)
  return isComplete ? (found as Readonly<Record<K, Column>>) : undefined
}
