/**
 * Signs and verifies messages of API V2. The signature is a hash of all non-empty fields, sorted by name in
 * byte order and with unescaped values, followed by the API key.
 *
 * @see https://pay.weixin.qq.com/doc/v2/merchant/4011985891
 */
import { md5 } from 'js-md5'
import type { SignType } from '../../../core/order/attempt.ts'
import type { Secret } from '../../../lib/secret.ts'
import { equalInConstantTime, toHex } from '../../../lib/text.ts'
import type { Fields } from './xml.ts'

/**
 * Builds the text that is signed, `k1=v1&k2=v2…`, without the API key. It contains every non-empty field except
 * `sign`, including fields that we do not know.
 */
export function canonicalString(fields: Fields): string {
  let text = ''
  // The default order is that of code units, which is byte order for ASCII names.
  for (const name of Array.from(fields.keys()).sort()) {
    const value = fields.get(name)
    if (name !== 'sign' && value !== undefined && value !== '')
      text += `${text === '' ? '' : '&'}${name}=${value}`
  }
  return text
}

/** Signs the fields. @returns upper-case hex: 32 characters for MD5, 64 for HMAC-SHA256. */
export async function sign(fields: Fields, key: Secret, signType: SignType): Promise<string> {
  const text = `${canonicalString(fields)}&key=${key.reveal()}`
  const digest = signType === 'MD5' ? md5(text) : await hmacSha256Hex(text, key)
  return digest.toUpperCase()
}

/**
 * Whether the field `sign` is the correct signature of the other fields with this key. False if `sign` is
 * missing.
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
