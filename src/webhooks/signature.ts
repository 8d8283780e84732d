/** HMAC-SHA256, as receivers of webhooks and group bots check it. */
import { invariant } from '../lib/result.ts'
import type { Secret } from '../lib/secret.ts'
import { webhookKey } from './secret.ts'

/** @returns the HMAC-SHA256 of a text in Base64. @param key At least one byte: no runtime takes an empty key. */
export async function hmacBase64(
  key: Uint8Array<ArrayBuffer> | string,
  text: string,
): Promise<string> {
  const bytes = typeof key === 'string' ? new TextEncoder().encode(key) : key
  const algorithm = { name: 'HMAC', hash: 'SHA-256' }
  const imported = await crypto.subtle.importKey('raw', bytes, algorithm, false, ['sign'])
  const mac = await crypto.subtle.sign('HMAC', imported, new TextEncoder().encode(text))
  return btoa(String.fromCharCode(...new Uint8Array(mac)))
}

/**
 * The headers of a webhook.
 *
 * @param secrets The current secret first. Each adds a signature, so that a receiver that knows one of them is content.
 * @see https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
export async function webhookHeaders(
  { id, body }: Readonly<{ id: string; body: string }>,
  at: number,
  secrets: readonly Secret[],
): Promise<Readonly<Record<string, string>>> {
  const signatures = await Promise.all(
    secrets.map(async (secret) => {
      const key = webhookKey(secret.reveal())
      invariant(key !== undefined, 'the configuration checked the form of the webhook secret')
      return `v1,${await hmacBase64(key, `${id}.${at}.${body}`)}`
    }),
  )
  return {
    'content-type': 'application/json; charset=utf-8',
    'user-agent': 'wxpay-edge',
    'webhook-id': id,
    'webhook-timestamp': String(at),
    'webhook-signature': signatures.join(' '),
  }
}
