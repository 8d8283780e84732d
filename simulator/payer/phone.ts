import { isSignedBy, isSignType } from '../lib/sign.ts'
import { isLive, whyNotPayable } from '../state/ledger.ts'
import type { World } from '../state/world.ts'

/** The five parameters of wx.requestPayment. All are text, timeStamp included. */
export type PaymentParams = {
  timeStamp: string
  nonceStr: string
  package: string
  signType: string
  paySign: string
}

/** The parameters of wx.requestPayment before any check: each may be missing, or of any type. */
export type UncheckedParams = Readonly<Partial<Record<keyof PaymentParams, unknown>>>

/** What the cashier shows to the payer, and the prepay_id for which it was opened. */
export type Cashier = {
  outTradeNo: string
  /** The amount of the order, in fen. */
  totalFee: number
  body: string
  prepayId: string
}

/** The open cashier; or the errMsg that the mini program gets, and the true reason. */
export type CashierResult =
  { ok: true; cashier: Cashier } | { ok: false; errMsg: string; why: string; outTradeNo?: string }

const PACKAGE_HEAD = 'prepay_id='
const CANCELLED = 'requestPayment:fail cancel'

/**
 * Checks what the WeChat client and the cashier check before the payer sees an amount. `errMsg` is what the mini program gets.
 * For a wrong paySign it is `fail cancel`, as in the real client after the dialog 支付验证签名失败 (sign verification failed). `why` is
 * for developers and tests only.
 * @see https://pay.weixin.qq.com/doc/v2/merchant/4011935213
 */
export function openCashier(openid: string, given: UncheckedParams, world: World): CashierResult {
  const params = readParams(given)
  if (typeof params === 'string') return refuse(`parameter error: ${params}`)
  const now = world.clock.now()
  const found = world.ledger.findByPrepay(params.package.slice(PACKAGE_HEAD.length), now)
  if (!hasGoodSign(params, found?.order.appid ?? world.merchant.appid, world)) {
    return refuseSign('paySign does not fit appId and the other four parameters')
  }
  if (found === undefined) return refuse('Invalid payment situation: no such prepay_id')
  const { order, prepay } = found
  const { outTradeNo, totalFee, body } = order
  if (order.signType !== params.signType) {
    return { ...refuseSign(`unifiedorder was signed with ${order.signType}`), outTradeNo }
  }
  if (order.openid !== openid) return { ...refuse('下单账号与支付账号不一致'), outTradeNo }
  const why =
    whyNotPayable(order, now) ??
    (isLive(prepay, now) ? undefined : '订单已过期: this prepay_id is more than two hours old')
  if (why !== undefined) return { ...refuse(why), outTradeNo }
  return { ok: true, cashier: { outTradeNo, totalFee, body, prepayId: prepay.prepayId } }
}

/** The five parameters, or the WeChat client's error message. A common mistake is a timeStamp that is a number. */
function readParams(given: UncheckedParams): PaymentParams | string {
  const wrong: string[] = []
  const read = (name: keyof PaymentParams): string => {
    const value = given[name]
    if (typeof value === 'string') return value
    wrong.push(`parameter.${name} should be String instead of ${typeName(value)};`)
    return ''
  }
  const params = {
    timeStamp: read('timeStamp'),
    nonceStr: read('nonceStr'),
    package: read('package'),
    signType: read('signType'),
    paySign: read('paySign'),
  }
  if (wrong[0] !== undefined) return wrong[0]
  if (!/^\d{10}$/.test(params.timeStamp)) return 'timeStamp is not in Unix seconds'
  if (params.nonceStr === '' || params.nonceStr.length > 32)
    return 'nonceStr has 1 to 32 characters'
  if (!params.package.startsWith(PACKAGE_HEAD)) return 'package does not begin with prepay_id='
  return isSignType(params.signType) ? params : `signType ${params.signType} is unknown`
}

function hasGoodSign(params: PaymentParams, appId: string, { merchant }: World): boolean {
  const { timeStamp, nonceStr, signType, paySign } = params
  if (!isSignType(signType)) return false
  // The WeChat client adds the mini program's own appid as `appId`, with a capital I. These five pairs are signed, and nothing
  // else.
  const signed = { appId, timeStamp, nonceStr, package: params.package, signType }
  return isSignedBy({ ...signed, sign: paySign }, merchant.apiKey, signType)
}

function typeName(value: unknown): string {
  return Object.prototype.toString.call(value).slice('[object '.length, -1)
}

function refuse(why: string) {
  return { ok: false, errMsg: `requestPayment:fail ${why}`, why } as const
}

function refuseSign(why: string) {
  return { ok: false, errMsg: CANCELLED, why: `支付验证签名失败: ${why}` } as const
}
