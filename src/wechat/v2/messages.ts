/**
 * Builds the request messages of API V2. WeChat refuses a message with an undocumented or an empty element, so
 * optional elements without a value are left out.
 */
import { type BeijingDay, compactDay } from '../../core/day.ts'
import type { OutTradeNo, TransactionId } from '../../core/ids.ts'
import type { Merchant } from '../../core/merchant.ts'
import type { Attempt, SignType } from '../../core/order/attempt.ts'
import type { OutRefundNo, Refund } from '../../core/order/refund.ts'
import { formatBeijing } from '../../core/time.ts'
import type { QueriedOrder } from '../../ports/wechat.ts'
import { sign } from './wire/sign.ts'
import { formatXml } from './wire/xml.ts'

/** What is needed to sign a message. `nonceStr` is a new random text for every message. */
export type Signing = Readonly<{ merchant: Merchant; signType: SignType; nonceStr: string }>

/**
 * Builds the message of unifiedorder. When an attempt is sent again, only `nonce_str` and `sign` differ,
 * because WeChat refuses other parameters for a known out_trade_no.
 *
 * @see https://pay.weixin.qq.com/doc/v2/merchant/4011940985
 */
export function unifiedOrderMessage(attempt: Attempt, signing: Signing): Promise<string> {
  const { terms } = attempt
  return signedXml(signing, {
    appid: terms.appid,
    mch_id: terms.mchId,
    body: terms.body,
    detail: terms.detail,
    attach: terms.attach,
    out_trade_no: attempt.outTradeNo,
    fee_type: 'CNY',
    total_fee: String(terms.totalFee),
    spbill_create_ip: terms.spbillCreateIp,
    time_start: formatBeijing(terms.timeStart),
    time_expire: formatBeijing(terms.timeExpire),
    goods_tag: terms.goodsTag,
    notify_url: terms.notifyUrl,
    trade_type: 'JSAPI',
    limit_pay: terms.limitPay,
    openid: terms.openid,
  })
}

/**
 * Builds the message of orderquery.
 *
 * @see https://pay.weixin.qq.com/doc/v2/merchant/4011941065
 */
export const orderQueryMessage = (about: QueriedOrder, signing: Signing): Promise<string> =>
  aboutOrder(about, signing)

/**
 * Builds the message of closeorder.
 *
 * @see https://pay.weixin.qq.com/doc/v2/merchant/4011941070
 */
export const closeOrderMessage = (outTradeNo: OutTradeNo, signing: Signing): Promise<string> =>
  aboutOrder({ outTradeNo }, signing)

/**
 * Builds the message of a refund. When a refund is sent again, only `nonce_str` and `sign` differ.
 *
 * @see https://pay.weixin.qq.com/doc/v2/merchant/4011937624
 */
export function refundMessage(refund: Refund, signing: Signing): Promise<string> {
  const { appid, mchId } = signing.merchant
  return signedXml(signing, {
    appid,
    mch_id: mchId,
    transaction_id: refund.transactionId,
    out_refund_no: refund.outRefundNo,
    total_fee: String(refund.totalFee),
    refund_fee: String(refund.refundFee),
    refund_desc: refund.reason,
    // Without the element, WeChat takes the money from the payments that are not settled yet.
    refund_account: refund.account === 'available' ? 'REFUND_SOURCE_RECHARGE_FUNDS' : undefined,
    notify_url: refund.notifyUrl,
  })
}

/** Builds a refund of one fen of a payment that does not exist, so that WeChat refuses it. It shows whether WeChat takes the certificate. */
export function refundProbeMessage(nothing: OutTradeNo, signing: Signing): Promise<string> {
  const { appid, mchId } = signing.merchant
  return signedXml(signing, {
    appid,
    mch_id: mchId,
    out_trade_no: nothing,
    out_refund_no: nothing,
    total_fee: '1',
    refund_fee: '1',
  })
}

/**
 * Builds the message of refundquery, which queries one refund, or the refunds of a payment.
 *
 * @param about `offset` is the number of refunds of the payment that the answer skips.
 *
 * @see https://pay.weixin.qq.com/doc/v2/merchant/4011939577
 */
export function refundQueryMessage(
  about:
    | Readonly<{ outRefundNo: OutRefundNo }>
    | Readonly<{ transactionId: TransactionId; offset: number }>,
  signing: Signing,
): Promise<string> {
  const { appid, mchId } = signing.merchant
  return signedXml(signing, {
    appid,
    mch_id: mchId,
    ...('outRefundNo' in about
      ? { out_refund_no: about.outRefundNo }
      : { transaction_id: about.transactionId, offset: String(about.offset) }),
  })
}

/**
 * Builds the message of downloadbill, which requests all transactions of a Beijing day as gzip.
 *
 * @see https://pay.weixin.qq.com/doc/v2/merchant/4011939779
 */
export function downloadBillMessage(day: BeijingDay, signing: Signing): Promise<string> {
  const { appid, mchId } = signing.merchant
  return signedXml(
    signing,
    { appid, mch_id: mchId, bill_date: compactDay(day), bill_type: 'ALL', tar_type: 'GZIP' },
    // WeChat does not document `sign_type` for downloadbill, but needs it for HMAC-SHA256. Without `sign_type`
    // WeChat assumes MD5, so a message with MD5 leaves it out, as documented.
    signing.signType !== 'MD5',
  )
}

function aboutOrder(about: QueriedOrder, signing: Signing): Promise<string> {
  const { appid, mchId } = signing.merchant
  return signedXml(signing, {
    appid,
    mch_id: mchId,
    ...('outTradeNo' in about
      ? { out_trade_no: about.outTradeNo }
      : { transaction_id: about.transactionId }),
  })
}

async function signedXml(
  { merchant, signType, nonceStr }: Signing,
  params: Readonly<Record<string, string | undefined>>,
  withSignType = true,
): Promise<string> {
  const fields = new Map<string, string>()
  for (const [name, value] of Object.entries(params)) {
    if (value !== undefined && value !== '') fields.set(name, value)
  }
  fields.set('nonce_str', nonceStr)
  if (withSignType) fields.set('sign_type', signType)
  fields.set('sign', await sign(fields, merchant.apiKey, signType))
  return formatXml(fields)
}
