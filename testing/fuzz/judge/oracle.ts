/**
 * Decides what an input may do, without code of the Worker: by the simulator's XML reader and signature, and by the documented
 * rules for a shop's terms.
 */
import { isSignedBy } from '../../../simulator/lib/sign.ts'
import { parseXml } from '../../../simulator/lib/xml.ts'
import type { Input } from '../inputs/input.ts'
import { type FuzzWorld, MERCHANT } from '../run/world.ts'

/** By how many seconds our clock and WeChat's may differ. */
const SKEW_S = 300

/** The elements of a message. */
export type Fields = ReadonlyMap<string, string>

/** Reads a signed message. @returns its fields if it is correctly signed with the key, else undefined. */
export function signedFields(bytes: Uint8Array, key: string): Fields | undefined {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(bytes).trim()
  } catch {
    return undefined
  }
  // XML allows blanks at the end of a tag, but the simulator's reader does not. So the text is also read without such blanks.
  for (const variant of [text, text.replaceAll(/(<\/?\w+)\s+(\/?>)/g, '$1$2')]) {
    const parsed = parseXml(variant)
    if (parsed.ok && isSignedBy(parsed.fields, key, 'MD5')) return parsed.fields
  }
  return undefined
}

/** Whether these fields report a payment that fits one of our attempts. */
export function mayBeRecorded(
  world: FuzzWorld,
  fields: Fields,
  attempts: 'attempts' | 'kept_attempts' = 'kept_attempts',
): boolean {
  const says = (name: string): string => fields.get(name) ?? ''
  const [ordercode = '', number = '1'] = says('out_trade_no').split('*')
  const [attempt] = world.sqlite.read(
    `SELECT total_fee, openid, time_start FROM ${attempts} WHERE ordercode = ? AND number = ?`,
    ordercode,
    Number(number) || 0,
  )
  const tradeState = says('trade_state')
  return (
    attempt !== undefined &&
    says('return_code') === 'SUCCESS' &&
    says('result_code') === 'SUCCESS' &&
    ['', 'SUCCESS', 'REFUND'].includes(tradeState) &&
    says('appid') === MERCHANT.appid &&
    says('mch_id') === MERCHANT.mchId &&
    says('total_fee') === String(attempt['total_fee']) &&
    ['', 'CNY'].includes(says('fee_type')) &&
    says('openid') === attempt['openid'] &&
    says('trade_type') === 'JSAPI' &&
    secondsOf(says('time_end')) + SKEW_S >= Number(attempt['time_start']) &&
    /^\w{1,32}$/.test(says('transaction_id'))
  )
}

/** Unix seconds of a Beijing time as WeChat writes it, `20261123120300`; NaN for anything else. */
const secondsOf = (text: string): number =>
  Date.parse(text.replace(/^(....)(..)(..)(..)(..)(..)$/, '$1-$2-$3T$4:$5:$6+08:00')) / 1_000

const TERMS = {
  total_fee: (value: unknown) => isWhole(value, 1, 1_000_000_000),
  body: (value: unknown) => isText(value, 1, 127),
  attach: (value: unknown) => isText(value, 0, 127),
  detail: (value: unknown) => isText(value, 0, 6_000),
  goods_tag: (value: unknown) => isText(value, 0, 32),
  limit_pay: (value: unknown) => value === 'no_credit',
  openid: (value: unknown) => typeof value === 'string' && /^[\w-]{1,128}$/.test(value),
  expires_in: (value: unknown) => isWhole(value, 300, 604_800),
} as const satisfies Record<string, (value: unknown) => boolean>

/**
 * Checks a body that `PUT /orders/…` accepted against the documented rules.
 *
 * @returns what is wrong with the body, or undefined.
 */
export function wrongTerms(body: Input['body']): string | undefined {
  let json: unknown
  try {
    json = JSON.parse(
      new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(body?.bytes),
    )
  } catch {
    return 'no JSON'
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return 'no object'
  const given = new Map<string, unknown>(Object.entries(json))
  for (const name of ['total_fee', 'body']) if (!given.has(name)) return `no ${name}`
  for (const [name, value] of given) {
    const rule = Object.entries(TERMS).find(([known]) => known === name)?.[1]
    if (rule === undefined) return `a field that is not documented: ${name}`
    if (!rule(value)) return `${name}: ${JSON.stringify(value)}`
  }
  return undefined
}

const isWhole = (value: unknown, min: number, max: number): boolean =>
  typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max

const isText = (value: unknown, bytesMin: number, bytesMax: number): boolean =>
  typeof value === 'string' &&
  value.isWellFormed() &&
  !/\p{Cc}/u.test(value) &&
  Buffer.byteLength(value) >= bytesMin &&
  Buffer.byteLength(value) <= bytesMax
