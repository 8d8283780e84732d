/** Messages as WeChat sends them, signed with node:crypto and written with the simulator's XML writer. */
import { createHash, createHmac } from 'node:crypto'
import { formatXml } from '../../simulator/lib/xml.ts'
import type { Merchant } from '../../src/core/merchant.ts'
import type { SignType } from '../../src/core/order/attempt.ts'
import { ok } from '../../src/lib/result.ts'
import { Secret } from '../../src/lib/secret.ts'
import { type AuthenticFields, openReply } from '../../src/wechat/v2/wire/envelope.ts'

/** A message to or from WeChat: the values of its XML elements by name. */
export type Message = Readonly<Record<string, string>>
/** Values of a message's elements to replace; `undefined` removes the element. */
export type Changes = Readonly<Record<string, string | undefined>>

/** AppID of the merchant in the tests. */
export const APPID = 'wxd930ea5d5a258f4f'
/** Merchant number in the tests. */
export const MCH_ID = '10000100'
/** The API key in the examples of WeChat's official pages. */
export const API_KEY = '192006250b4c09247ec02edce69f6a2d'
/** The merchant that the tests of messages use. */
export const MERCHANT: Merchant = { appid: APPID, mchId: MCH_ID, apiKey: new Secret(API_KEY) }

/** A genuine notice of a payment of ¥1.00 with two coupons (test vector S7). */
export const NOTICE: Message = {
  transaction_id: '4200000540202401020123456789',
  appid: APPID,
  attach: 'a=1&b=<2>',
  bank_type: 'OTHERS',
  cash_fee: '70',
  coupon_count: '2',
  coupon_fee: '30',
  coupon_fee_0: '10',
  coupon_fee_1: '20',
  coupon_id_0: '10000001',
  coupon_id_1: '10000002',
  coupon_type_0: 'CASH',
  coupon_type_1: 'NO_CASH',
  device_info: '',
  fee_type: 'CNY',
  is_subscribe: 'N',
  mch_id: MCH_ID,
  nonce_str: '1704135900123',
  openid: 'oUpF8uMuAJO_M2pxb1Q9zNjWeS6o',
  out_trade_no: 'T20240102030405_0001',
  result_code: 'SUCCESS',
  return_code: 'SUCCESS',
  settlement_total_fee: '80',
  time_end: '20240102030459',
  total_fee: '100',
  trade_type: 'JSAPI',
}

/** The fields that every successful answer of WeChat has. */
export const ANSWERED: Message = {
  return_code: 'SUCCESS',
  return_msg: 'OK',
  appid: APPID,
  mch_id: MCH_ID,
  nonce_str: 'R1qW2eR3tY4uI5oP',
  result_code: 'SUCCESS',
}

/** Copies a message with changes to its fields. */
export function changed(base: Message, changes: Changes): Message {
  const message: Record<string, string> = {}
  for (const [name, value] of Object.entries({ ...base, ...changes })) {
    if (value !== undefined) message[name] = value
  }
  return message
}

/** The changes that turn {@link ANSWERED} into a refusal. */
export const refusal = (errCode: string, errCodeDes = ''): Changes => ({
  result_code: 'FAIL',
  err_code: errCode,
  err_code_des: errCodeDes,
})

/** A second implementation of WeChat's signature, independent of `src`, with node:crypto. */
export function signature(message: Message, type: SignType = 'MD5', key = API_KEY): string {
  const pairs = Object.entries(message)
    .filter(([name, value]) => name !== 'sign' && value !== '')
    .sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    .map(([name, value]) => `${name}=${value}`)
  const hash = type === 'MD5' ? createHash('md5') : createHmac('sha256', key)
  hash.update([...pairs, `key=${key}`].join('&'), 'utf8')
  return hash.digest('hex').toUpperCase()
}

/** Adds the signature of a message as its field `sign`. */
export const signed = (message: Message, type: SignType = 'MD5', key = API_KEY): Message => ({
  ...message,
  sign: signature(message, type, key),
})

/** Formats a message as XML in UTF-8 bytes. */
export const wire = (message: Message): Uint8Array => utf8(formatXml(message))
/** Encodes text as UTF-8. */
export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)

/** The verified fields of an answer of WeChat, with changes to {@link ANSWERED}. */
export async function authentic(changes: Changes): Promise<AuthenticFields> {
  const message = signed(changed(ANSWERED, changes))
  const opened = await openReply(ok(new Map(Object.entries(message))), MERCHANT, 'MD5')
  if (!opened.ok) throw new Error(`the envelope did not open: ${opened.error.reason}`)
  return opened.value
}
