import { createHash, createHmac } from 'node:crypto'
import { entriesOf, type Fields } from './fields.ts'

/** WeChat's names of the two signature algorithms. */
export type SignType = 'MD5' | 'HMAC-SHA256'

/** Whether a text is WeChat's name of a signature algorithm. */
export function isSignType(value: string): value is SignType {
  return value === 'MD5' || value === 'HMAC-SHA256'
}

/**
 * The text to sign, without the key: every non-empty field except `sign`, sorted by byte order, with values unchanged.
 * @see https://pay.weixin.qq.com/doc/v2/merchant/4011985891
 */
export function signedText(fields: Fields): string {
  return entriesOf(fields)
    .filter(([name, value]) => name !== 'sign' && value !== '')
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([name, value]) => `${name}=${value}`)
    .join('&')
}

/**
 * Computes the sign in upper-case hex: 32 characters for MD5, 64 for HMAC-SHA256. HMAC uses the key twice: as suffix of the
 * text and as HMAC key.
 */
export function sign(fields: Fields, key: string, type: SignType): string {
  const text = `${signedText(fields)}&key=${key}`
  const hash = type === 'MD5' ? createHash('md5') : createHmac('sha256', key)
  return hash.update(text, 'utf8').digest('hex').toUpperCase()
}

/**
 * Whether the field `sign` is the sign of the other fields. Compares case-sensitively: the documented recipe gives upper case,
 * so a lower-case sign is wrong.
 */
export function isSignedBy(fields: Fields, key: string, type: SignType): boolean {
  const given = entriesOf(fields).find(([name]) => name === 'sign')?.[1]
  return given !== undefined && given === sign(fields, key, type)
}
