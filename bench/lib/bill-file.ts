/** Generates a bill of any size in WeChat's format, written from the protocol and without code of `src`. */
import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'

/** The contents of the generated bill. */
export type Day = Readonly<{
  /** The Beijing day of the bill, such as `2026-11-22`. */
  day: string
  appid: string
  mchId: string
  /** The number of payments in the bill. */
  payments: number
  /** Every n-th payment is partly refunded. */
  refundEvery: number
}>

const HEAD =
  '交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注'
const TOTALS =
  '总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额'

/** The ordercode of the n-th payment. */
export const ordercodeOf = (n: number): string => `bench-${String(n).padStart(7, '0')}`
/** Ten digits that differ for each n and look random, because a real bill does not compress well. */
const digitsOf = (n: number): string =>
  String((n * 7_654_321_987 + 1_234_567_891) % 10 ** 10).padStart(10, '0')
/** WeChat's transaction_id of the n-th payment. */
export const transactionIdOf = (day: string, n: number): string =>
  `4200000540${day.replaceAll('-', '')}${digitsOf(n)}`
/** The openid of the payer of the n-th payment. */
export const openidOf = (n: number): string =>
  `o${createHash('md5').update(String(n)).digest('base64url').padEnd(27, 'x').slice(0, 27)}`
/** Number of the refund of the n-th payment. */
export const outRefundNoOf = (n: number): string => `bench-r-${String(n).padStart(7, '0')}`
/** Amount of the n-th payment in fen: 1.00 to 100.99 yuan. */
export const totalFeeOf = (n: number): number => 100 + (n % 10_000)
/** Amount of the refund of the n-th payment, in fen: about half of the payment. */
export const refundFeeOf = (n: number): number => 1 + (totalFeeOf(n) >> 1)
/**
 * The second of the day at which the n-th payment was made. No payment is made in the first minute, so that its
 * order, which is a minute older, was registered on the same day.
 */
export const secondOf = (n: number): number => 60 + ((n * 7919) % 86_340)

const yuan = (fen: number): string => {
  const digits = String(fen).padStart(3, '0')
  return `${digits.slice(0, -2)}.${digits.slice(-2)}`
}
const clock = (second: number): string =>
  [Math.floor(second / 3_600), Math.floor(second / 60) % 60, second % 60]
    .map((part) => String(part).padStart(2, '0'))
    .join(':')

/** Generates a bill. @returns the bill as gzip, its unpacked size in bytes, and the number of its rows. */
export function makeBill(
  of: Day,
): Readonly<{ gzip: Uint8Array; plainBytes: number; rows: number }> {
  const { day, appid, mchId, payments, refundEvery } = of
  const lines = [`\uFEFF${HEAD}`]
  let [total, service, refunded, refunds] = [0, 0, 0, 0]
  for (let n = 0; n < payments; n++) {
    // The payments are shuffled, because the rows of a real bill are in no particular order.
    const i = (n * 7) % payments
    const at = `${day} ${clock(secondOf(i))}`
    const openid = openidOf(i)
    const [id, ordercode, fee] = [transactionIdOf(day, i), ordercodeOf(i), totalFeeOf(i)]
    const serviceFen = Math.floor((fee * 6 + 500) / 1_000)
    const first = `\`${at},\`${appid},\`${mchId},\`0,\`,\`${id},\`${ordercode},\`${openid},\`JSAPI`
    const goods = `\`图书, 第${i}本,\`a=${i}`
    lines.push(
      `${first},\`SUCCESS,\`OTHERS,\`CNY,\`${yuan(fee)},\`0.00,\`0,\`0,\`0.00,\`0.00,\`,\`,${goods},\`${yuan(serviceFen)}000,\`0.60%,\`${yuan(fee)},\`0.00,\``,
    )
    total += fee
    service += serviceFen
    if (i % refundEvery !== 0) continue
    const back = refundFeeOf(i)
    lines.push(
      `${first},\`REFUND,\`OTHERS,\`CNY,\`0.00,\`0.00,\`5000${id.slice(3)},\`${outRefundNoOf(i)},\`${yuan(back)},\`0.00,\`ORIGINAL,\`SUCCESS,${goods},\`0.00000,\`0.60%,\`0.00,\`${yuan(back)},\``,
    )
    refunded += back
    refunds++
  }
  const rows = payments + refunds
  const back = yuan(refunded)
  lines.push(
    TOTALS,
    `\`${rows},\`${yuan(total)},\`${back},\`0.00,\`${yuan(service)}000,\`${yuan(total)},\`${back}`,
    '',
  )
  const plain = Buffer.from(lines.join('\r\n'))
  return { gzip: gzipSync(plain), plainBytes: plain.length, rows }
}
