/** What we say to WeChat Pay. Pure; only documented, non-empty elements, or WeChat refuses all. */
import { type BeijingDay, compactDay } from '../../core/day.ts'
import type { OutTradeNo, TransactionId } from '../../core/ids.ts'
import type { Merchant } from '../../core/merchant.ts'
import type { Attempt, SignType } from '../../core/order/attempt.ts'
import type { OutRefundNo, Refund } from '../../core/order/refund.ts'
import { formatBeijing } from '../../core/time.ts'
import { sign } from './wire/sign.ts'
import { formatXml } from './wire/xml.ts'

export type Signing = Readonly<{ merchant: Merchant; signType: SignType; nonceStr: string }>

/**
 * The same attempt makes the same message, whenever it is sent, but for `nonce_str` and `sign`.
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

/** @see https://pay.weixin.qq.com/doc/v2/merchant/4011941065 */
export const orderQueryMessage = (outTradeNo: OutTradeNo, signing: Signing): Promise<string> =>
  aboutOrder(outTradeNo, signing)

/** @see https://pay.weixin.qq.com/doc/v2/merchant/4011941070 */
export const closeOrderMessage = (outTradeNo: OutTradeNo, signing: Signing): Promise<string> =>
  aboutOrder(outTradeNo, signing)

/** @see https://pay.weixin.qq.com/doc/v2/merchant/4011937624 */
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
    notify_url: refund.notifyUrl,
  })
}

/** @see https://pay.weixin.qq.com/doc/v2/merchant/4011939577 */
export function refundQueryMessage(
  asked:
    | Readonly<{ outRefundNo: OutRefundNo }>
    | Readonly<{ transactionId: TransactionId; offset: number }>,
  signing: Signing,
): Promise<string> {
  const { appid, mchId } = signing.merchant
  return signedXml(signing, {
    appid,
    mch_id: mchId,
    ...('outRefundNo' in asked
      ? { out_refund_no: asked.outRefundNo }
      : { transaction_id: asked.transactionId, offset: String(asked.offset) }),
  })
}

/** @see https://pay.weixin.qq.com/doc/v2/merchant/4011939779 */
export function downloadBillMessage(day: BeijingDay, signing: Signing): Promise<string> {
  const { appid, mchId } = signing.merchant
  return signedXml(
    signing,
    { appid, mch_id: mchId, bill_date: compactDay(day), bill_type: 'ALL', tar_type: 'GZIP' },
    // Not documented for this call, but needed where the signature is not the default one.
    signing.signType !== 'MD5',
  )
}

function aboutOrder(outTradeNo: OutTradeNo, signing: Signing): Promise<string> {
  const { appid, mchId } = signing.merchant
  return signedXml(signing, { appid, mch_id: mchId, out_trade_no: outTradeNo })
}

async function signedXml(
  { merchant, signType, nonceStr }: Signing,
  params: Readonly<Record<string, string | undefined>>,
  tellsSignType = true,
): Promise<string> {
  const fields = new Map<string, string>()
  for (const [name, value] of Object.entries(params)) {
    if (value !== undefined && value !== '') fields.set(name, value)
  }
  fields.set('nonce_str', nonceStr)
  if (tellsSignType) fields.set('sign_type', signType)
  fields.set('sign', await sign(fields, merchant.apiKey, signType))
  return formatXml(fields)
}
