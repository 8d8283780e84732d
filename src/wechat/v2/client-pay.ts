import type { Merchant } from '../../core/merchant.ts'
import type { SignType } from '../../core/order/attempt.ts'
import type { UnixSeconds } from '../../core/time.ts'
import { sign } from './wire/sign.ts'

/**
 * The parameters of `wx.requestPayment`, which the mini program passes on unchanged. `timeStamp` is text,
 * because the WeChat client refuses a number.
 */
export type ClientPayParams = Readonly<{
  timeStamp: string
  nonceStr: string
  package: string
  signType: SignType
  paySign: string
}>

/**
 * Signs the parameters with which the mini program opens the cashier. The signature also covers `appId`,
 * spelled with a capital I, which is not one of the parameters.
 *
 * @param input `signType` must be the sign type of the attempt's unifiedorder call.
 *
 * @see https://pay.weixin.qq.com/doc/v2/merchant/4011935213
 */
export async function signClientPay(
  input: Readonly<{
    prepayId: string
    merchant: Merchant
    signType: SignType
    nonceStr: string
    now: UnixSeconds
  }>,
): Promise<ClientPayParams> {
  const { merchant, signType, nonceStr } = input
  const timeStamp = String(input.now)
  const packageText = `prepay_id=${input.prepayId}`
  const fields = new Map([
    ['appId', merchant.appid],
    ['timeStamp', timeStamp],
    ['nonceStr', nonceStr],
    ['package', packageText],
    ['signType', signType],
  ])
  const paySign = await sign(fields, merchant.apiKey, signType)
  return { timeStamp, nonceStr, package: packageText, signType, paySign }
}
