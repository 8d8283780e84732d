/**
 * WeChat's V2 signature: the hash of a text that has the non-empty fields in byte order of their names,
 * with raw values, and the key at the end.
 *
 * @see https://pay.weixin.qq.com/doc/v2/merchant/4011985891
 */
import { md5 } from 'js-md5'
import type { SignType } from '../../../core/order/attempt.ts'
import type { Secret } from '../../../lib/secret.ts'
import { equalInConstantTime, toHex } from '../../../lib/text.ts'
import type { Fields } from './xml.ts'

/**
 * The signed text without the key, `k1=v1&k2=v2…`: every non-empty field but `sign`, also
 * those that we do not know.
 */
export function canonicalString(fields: Fields): string {
  return (
    Array.from(fields)
      .filter(([name, value]) => name !== 'sign' && value !== '')
      // Compares code units: for ASCII names that is byte order. localeCompare would order differently.
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, value]) => `${name}=${value}`)
      .join('&')
  )
}

/** Signs the fields. @returns upper-case hex: 32 characters for MD5, 64 for HMAC-SHA256. */
export async function sign(fields: Fields, key: Secret, signType: SignType): Promise<string> {
  const text = `${canonicalString(fields)}&key=${key.reveal()}`
  const digest = signType === 'MD5' ? md5(text) : await hmacSha256Hex(text, key)
  return digest.toUpperCase()
}

/**
 * Whether the field `sign` is the signature of the others under this key. A missing
 * signature is a wrong one.
 */
export async function verify(fields: Fields, key: Secret, signType: SignType): Promise<boolean> {
  const claimed = fields.get('sign') ?? ''
  return equalInConstantTime(claimed, await sign(fields, key, signType))
}

async function hmacSha256Hex(text: string, key: Secret): Promise<string> {
  const utf8 = new TextEncoder()
  const algorithm = { name: 'HMAC', hash: 'SHA-256' }
  const raw = utf8.encode(key.reveal())
  const hmacKey = await crypto.subtle.importKey('raw', raw, algorithm, false, ['sign'])
  return toHex(new Uint8Array(await crypto.subtle.sign('HMAC', hmacKey, utf8.encode(text))))
}
