/**
 * WeChat's V2 signature: the non-empty fields in byte order of their names, values raw, the key at the
 * end, hashed.
 *
 * @see https://pay.weixin.qq.com/doc/v2/merchant/4011985891
 */
import { md5 } from 'js-md5'
import type { SignType } from '../../../core/order/attempt.ts'
import type { Secret } from '../../../lib/secret.ts'
import { equalInConstantTime, toHex } from '../../../lib/text.ts'
import type { Fields } from './xml.ts'

/** `k1=v1&k2=v2…`: every non-empty field but `sign`, known to us or not. */
export function canonicalString(fields: Fields): string {
  return (
    Array.from(fields)
      .filter(([name, value]) => name !== 'sign' && value !== '')
      // By code unit, which for ASCII names is by byte. Never localeCompare.
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, value]) => `${name}=${value}`)
      .join('&')
  )
}

/** Upper-case hex: 32 characters for MD5, 64 for HMAC-SHA256. */
export async function sign(fields: Fields, key: Secret, signType: SignType): Promise<string> {
  const text = `${canonicalString(fields)}&key=${key.reveal()}`
  const digest = signType === 'MD5' ? md5(text) : await hmacSha256Hex(text, key)
  return digest.toUpperCase()
}

/** Whether `sign` is there and is the one that the key makes. A missing signature is a wrong one. */
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
