import { formatBeijingTime } from '../lib/clock.ts'
import { makeNoticeNonce, makeTransactionId } from '../lib/identifiers.ts'
import { happens } from '../lib/random.ts'
import { sign, type SignType } from '../lib/sign.ts'
import { formatXml } from '../lib/xml.ts'
import { addUndocumentedElement } from '../protocol/answer.ts'
import { couponFields, settlementFields } from '../protocol/payment-fields.ts'
import type { Capture, SimulatedOrder } from '../state/ledger.ts'
import type { World } from '../state/world.ts'

/** How a payment notice differs from a regular one, for tests of wrong and forged notices. */
export type PaymentNoticeOptions = {
  /**
   * Fields to set, or to leave out if `undefined`, before the notice is signed: the result is a wrong notice with a valid sign.
   */
  changes?: Readonly<Record<string, string | undefined>>
  /** The key to sign with instead of the merchant's, as in a forger's notice. */
  key?: string
  /** The algorithm to sign with instead of the one that the order's unifiedorder used. */
  signType?: SignType
  /** Adds a `sign_type` element, or leaves it out. Default: by `Strictness.signTypeElementRate`. */
  withSignTypeElement?: boolean
  /** Leaves out the element `sign`, so that the notice is unsigned. */
  stripSign?: boolean
}

/**
 * Writes the XML of a payment notice in the shape of WeChat's real ones: elements in alphabetical order, total_fee as plain
 * text, cash_fee in CDATA, no return_msg, mostly no sign_type. For an unpaid order the payment is made up, as a forger does; the order
 * stays unpaid.
 * @see https://pay.weixin.qq.com/doc/v2/merchant/4011937248
 */
export function formatPaymentNotice(
  order: SimulatedOrder,
  world: World,
  options: PaymentNoticeOptions = {},
): string {
  const { random, merchant, strict } = world
  const signType = options.signType ?? order.signType
  const fields = noticeFields(order, world)
  const namesSignType =
    options.withSignTypeElement ??
    (signType === 'HMAC-SHA256' && happens(random, strict.signTypeElementRate))
  if (namesSignType) fields.set('sign_type', signType)
  if (happens(random, strict.undocumentedElementRate)) addUndocumentedElement(fields, random)
  for (const [name, value] of Object.entries(options.changes ?? {})) {
    if (value === undefined) fields.delete(name)
    else fields.set(name, value)
  }
  if (options.stripSign !== true) {
    fields.set('sign', sign(fields, options.key ?? merchant.apiKey, signType))
  }

  const alphabetical = [...fields].sort(([a], [b]) => (a < b ? -1 : 1))
  const total = happens(random, strict.integerStyleRate) ? '' : 'total_fee'
  return formatXml(alphabetical, { bare: (name) => name === total })
}

function noticeFields(order: SimulatedOrder, world: World): Map<string, string> {
  const now = world.clock.now()
  const capture = order.capture ?? fabricateCapture(order, world)
  const optional = { attach: order.attach, device_info: order.deviceInfo }
  return new Map(
    Object.entries({
      appid: order.appid,
      mch_id: world.merchant.mchId,
      nonce_str: makeNoticeNonce(world.random, now),
      return_code: 'SUCCESS',
      result_code: 'SUCCESS',
      ...Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== '')),
      openid: capture.openid,
      is_subscribe: 'N',
      trade_type: 'JSAPI',
      bank_type: capture.bankType,
      total_fee: String(capture.totalFee),
      fee_type: 'CNY',
      cash_fee: String(capture.cashFee),
      ...settlementFields(capture),
      ...couponFields(capture),
      transaction_id: capture.transactionId,
      out_trade_no: order.outTradeNo,
      time_end: capture.timeEnd,
    }),
  )
}

function fabricateCapture(order: SimulatedOrder, world: World): Capture {
  const now = world.clock.now()
  return {
    transactionId: makeTransactionId(world.random, now),
    outTradeNo: order.outTradeNo,
    appid: order.appid,
    openid: order.openid,
    totalFee: order.totalFee,
    cashFee: order.totalFee,
    coupons: [],
    bankType: 'OTHERS',
    paidAt: now,
    timeEnd: formatBeijingTime(now),
  }
}
