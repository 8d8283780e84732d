import { toHex } from './text.ts'

const HMAC = { name: 'HMAC', hash: 'SHA-256' }

/**
 * Derives an HMAC key from a secret, so that the operator has no further secret to set. Keys with different labels
 * have nothing in common.
 */
export async function derivedKey(secret: string, label: string): Promise<CryptoKey> {
  const utf8 = new TextEncoder()
  const root = await crypto.subtle.importKey('raw', utf8.encode(secret), HMAC, false, ['sign'])
  const derived = await crypto.subtle.sign('HMAC', root, utf8.encode(label))
  return crypto.subtle.importKey('raw', derived, HMAC, false, ['sign'])
}

/** HMAC-SHA256 of the UTF-8 bytes of a text, in lower-case hex. */
export async function macHex(key: CryptoKey, text: string): Promise<string> {
  return toHex(
    new Uint8Array(await crypto.subtle.sign('HMAC', key, new TextEncoder().encode(text))),
  )
}
