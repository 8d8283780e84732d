/** What we say to WeChat Pay. Pure; only documented, non-empty elements, or WeChat refuses all. */
import type { Attempt, SignType } from '../core/attempt.ts'
import type { OutTradeNo } from '../core/ids.ts'
import { formatBeijing } from '../core/time.ts'
import type { Merchant } from './envelope.ts'
import { sign } from './sign.ts'
import { formatXml } from './xml.ts'

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

function aboutOrder(outTradeNo: OutTradeNo, signing: Signing): Promise<string> {
  const { appid, mchId } = signing.merchant
  return signedXml(signing, { appid, mch_id: mchId, out_trade_no: outTradeNo })
}

async function signedXml(
  { merchant, signType, nonceStr }: Signing,
  params: Readonly<Record<string, string | undefined>>,
): Promise<string> {
  const fields = new Map<string, string>()
  for (const [name, value] of Object.entries(params)) {
    if (value !== undefined && value !== '') fields.set(name, value)
  }
  fields.set('nonce_str', nonceStr).set('sign_type', signType)
  fields.set('sign', await sign(fields, merchant.apiKey, signType))
  return formatXml(fields)
}
