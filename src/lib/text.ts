/** Length as WeChat counts it: bytes of UTF-8, not characters. */
export const utf8Length = (text: string): number => new TextEncoder().encode(text).length

/**
 * Whether text may travel in an XML message and come back the same: no control characters (XML 1.0
 * forbids most, and line ends are rewritten by every parser) and no half of a surrogate pair.
 */
export const isPlainText = (text: string): boolean =>
  !/[\p{Cc}\uFFFE\uFFFF]/u.test(text) && text.isWellFormed()

export const toHex = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')

/**
 * Compares two strings in a time that does not tell where they differ. Lengths are not secret: both
 * sides are hex digests.
 */
export function equalInConstantTime(a: string, b: string): boolean {
  if (a.length !== b.length) return false
  let difference = 0
  for (let i = 0; i < a.length; i++) difference |= a.charCodeAt(i) ^ b.charCodeAt(i)
  return difference === 0
}

/** SHA-256 of UTF-8 text, in lower-case hex. */
export async function sha256Hex(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))
  return toHex(new Uint8Array(digest))
}
