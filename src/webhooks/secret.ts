/**
 * Decodes a secret of Standard Webhooks: Base64, usually behind the prefix `whsec_`.
 *
 * @returns the key, 24 to 64 bytes; undefined when the text has another form.
 * @see https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md#signature-scheme
 */
export function webhookKey(secret: string): Uint8Array<ArrayBuffer> | undefined {
  const [, base64] = /^(?:whsec_)?([0-9A-Za-z+/]+={0,2})$/.exec(secret) ?? []
  if (base64 === undefined) return undefined
  try {
    const key = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0))
    return key.length >= 24 && key.length <= 64 ? key : undefined
  } catch {
    return undefined
  }
}
