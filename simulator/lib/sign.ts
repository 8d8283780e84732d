import { createHash, createHmac } from 'node:crypto'
import { entriesOf, type Fields } from './fields.ts'

export type SignType = 'MD5' | 'HMAC-SHA256'

export function isSignType(value: string): value is SignType {
  return value === 'MD5' || value === 'HMAC-SHA256'
}

/**
 * The text that is signed, without the key: every field that is not empty, except `sign`, sorted by byte order, values raw.
 * @see https://pay.weixin.qq.com/doc/v2/merchant/4011985891
 */
export function signedText(fields: Fields): string {
  return entriesOf(fields)
    .filter(([name, value]) => name !== 'sign' && value !== '')
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([name, value]) => `${name}=${value}`)
    .join('&')
}

/** Upper-case hex: 32 characters for MD5, 64 for HMAC-SHA256. The key is used twice by HMAC, as suffix and as HMAC key. */
export function sign(fields: Fields, key: string, type: SignType): string {
  const text = `${signedText(fields)}&key=${key}`
  const hash = type === 'MD5' ? createHash('md5') : createHmac('sha256', key)
  return hash.update(text, 'utf8').digest('hex').toUpperCase()
}

/** Case counts: WeChat's signs are upper case, and a lower-case one was not made by the documented recipe. */
export function isSignedBy(fields: Fields, key: string, type: SignType): boolean {
  const given = entriesOf(fields).find(([name]) => name === 'sign')?.[1]
  return given !== undefined && given === sign(fields, key, type)
}
