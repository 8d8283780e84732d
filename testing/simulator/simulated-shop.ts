import { ControllableClock } from '../../simulator/lib/clock.ts'
import { seededRandom } from '../../simulator/lib/random.ts'
import { sign, type SignType } from '../../simulator/lib/sign.ts'
import { formatXml, parseXml } from '../../simulator/lib/xml.ts'
import type { PayOptions } from '../../simulator/payer/cashier.ts'
import { DEMO_MERCHANT } from '../../simulator/server/demo-merchant.ts'
import type { Strictness } from '../../simulator/state/strictness.ts'
import { type SimulatorOptions, WeChatSimulator } from '../../simulator/wechat.ts'

/** The time at which every shop begins, in milliseconds: 2024-01-02 03:04:05 in Beijing. */
export const T0 = Date.UTC(2024, 0, 1, 19, 4, 5)

// The units of time by which tests advance the clock, in milliseconds.
export const SECOND_MS = 1_000
export const MINUTE_MS = 60 * SECOND_MS
export const HOUR_MS = 60 * MINUTE_MS
export const DAY_MS = 24 * HOUR_MS
/** WeChat's origin. */
export const ORIGIN = 'https://api.mch.weixin.qq.com'
/** The shop's notify_url for payments. */
export const NOTIFY_URL = 'https://shop.example.com/wxpay/notify'
/** The shop's notify_url for refunds. */
export const REFUND_NOTIFY_URL = 'https://shop.example.com/wxpay/refunded'
/** The shop's answer to WeChat that accepts a notice. */
export const SUCCESS_REPLY =
  '<xml><return_code><![CDATA[SUCCESS]]></return_code><return_msg><![CDATA[OK]]></return_msg></xml>'

/** Strictness with which every message of WeChat has its usual shape. */
export const NO_VARIATION = {
  undocumentedElementRate: 0,
  integerStyleRate: 0,
  signTypeElementRate: 0,
} as const satisfies Partial<Strictness>

/** Fields that replace the default ones; `undefined` removes a field. */
export type Changes = Record<string, string | undefined>

/** A stopped clock, a seeded simulator without random variations, and a shop that signs as the protocol says. */
export function shop(options: Partial<SimulatorOptions> & { strict?: Partial<Strictness> } = {}) {
  const clock = new ControllableClock(() => T0)
  const wechat = new WeChatSimulator({
    merchant: DEMO_MERCHANT,
    clock,
    random: seededRandom(7),
    ...options,
    strict: { ...NO_VARIATION, ...options.strict },
  })
  const openid = wechat.payer.newOpenid()

  const post = async (path: string, fields: Changes, fetch = wechat.fetch): Promise<string> => {
    const response = await fetch(
      new Request(ORIGIN + path, { method: 'POST', body: signedXml(fields) }),
    )
    if (response.status !== 200) throw new Error(`HTTP ${response.status}`)
    return response.text()
  }

  const order = (changes: Changes = {}) => orderFields(openid, changes)
  const unifiedOrder = async (changes: Changes = {}) =>
    read(await post('/pay/unifiedorder', order(changes)))

  /** Places and pays an order. @returns its transaction_id. */
  const paid = async (changes: Changes = {}, options: PayOptions = {}): Promise<string> => {
    await unifiedOrder(changes)
    const result = wechat.payer.pay(changes['out_trade_no'] ?? OUT_TRADE_NO, options)
    if (!result.ok) throw new Error(result.why)
    return result.transactionId
  }
  return {
    wechat,
    clock,
    openid,
    order,
    post,
    unifiedOrder,
    paid,
    orderQuery: async (fields: Changes = { out_trade_no: OUT_TRADE_NO }) =>
      read(await post('/pay/orderquery', envelope(fields))),
    closeOrder: async (fields: Changes = { out_trade_no: OUT_TRADE_NO }) =>
      read(await post('/pay/closeorder', envelope(fields))),
    /** Requests a refund from WeChat: 30 fen of the shop's order of 100 fen, unless `changes` say otherwise. */
    refund: async (changes: Changes = {}) =>
      read(await post('/secapi/pay/refund', refundFields(changes), wechat.fetchWithCertificate)),
    refundQuery: async (fields: Changes = { out_refund_no: OUT_REFUND_NO }) =>
      read(await post('/pay/refundquery', envelope(fields))),
    downloadBill: (fields: Changes) =>
      wechat.fetch(
        new Request(`${ORIGIN}/pay/downloadbill`, {
          method: 'POST',
          body: signedXml(envelope(fields)),
        }),
      ),
  }
}

/** The out_trade_no of the shop's order, unless a test sets another one. */
export const OUT_TRADE_NO = 'T20240102030405_0001'
/** The out_refund_no of the shop's refund, unless a test sets another one. */
export const OUT_REFUND_NO = 'R20240102030405_0001'

/** Adds the fields that every message to WeChat has. */
export function envelope(fields: Changes): Changes {
  return {
    appid: DEMO_MERCHANT.appid,
    mch_id: DEMO_MERCHANT.mchId,
    nonce_str: '0123456789abcdef',
    ...fields,
  }
}

/** Makes the fields of a valid unifiedorder request for 100 fen, with changes. */
export function orderFields(openid: string, changes: Changes = {}): Changes {
  return envelope({
    body: '测试商店-图书',
    out_trade_no: OUT_TRADE_NO,
    total_fee: '100',
    spbill_create_ip: '203.0.113.7',
    notify_url: NOTIFY_URL,
    trade_type: 'JSAPI',
    openid,
    ...changes,
  })
}

/** Fields of a request to refund 30 fen of the shop's order of 100 fen. */
export function refundFields(changes: Changes = {}): Changes {
  return envelope({
    out_trade_no: OUT_TRADE_NO,
    out_refund_no: OUT_REFUND_NO,
    total_fee: '100',
    refund_fee: '30',
    ...changes,
  })
}

/** Writes the fields as XML, signed with the algorithm in `sign_type`. If the fields contain a `sign`, it is not replaced. */
export function signedXml(changes: Changes, key = DEMO_MERCHANT.apiKey): string {
  const fields = new Map<string, string>()
  for (const [name, value] of Object.entries(changes)) {
    if (value !== undefined) fields.set(name, value)
  }
  const type: SignType = fields.get('sign_type') === 'HMAC-SHA256' ? 'HMAC-SHA256' : 'MD5'
  if (!('sign' in changes)) fields.set('sign', sign(fields, key, type))
  return formatXml(fields)
}

/** Reads an answer's fields. @throws Error when it is not XML in WeChat's form. */
export function read(xml: string): Record<string, string> {
  const parsed = parseXml(xml)
  if (!parsed.ok) throw new Error(`${parsed.why}: ${xml}`)
  return Object.fromEntries(parsed.fields)
}
