/** The length of a text as WeChat counts it: in bytes of UTF-8, not in characters. */
export const utf8Length = (text: string): number => new TextEncoder().encode(text).length

/**
 * Whether a text is still the same after an XML message has carried it.
 * Control characters do not survive (XML 1.0 forbids most of them, and every
 * parser rewrites line ends), and neither does half of a surrogate pair.
 */
export const isPlainText = (text: string): boolean =>
  !/[\p{Cc}\uFFFE\uFFFF]/u.test(text) && text.isWellFormed()

/** The two hexadecimal digits of each byte: every message to WeChat has a nonce, and every code its hash. */
const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

/** Formats bytes as lower-case hex, two digits for each byte. */
export function toHex(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += HEX[byte]
  return text
}

/**
 * Compares two strings in a time that does not depend on where they differ. The time depends on their
 * lengths, which are no secret: the callers compare hex digests.
 */
export function equalInConstantTime(a: string, b: string): boolean {
  if (a.length !== b.length) return false
  let difference = 0
  for (let i = 0; i < a.length; i++) difference |= a.charCodeAt(i) ^ b.charCodeAt(i)
  return difference === 0
}

/** SHA-256 of the UTF-8 bytes of a text, in lower-case hex. */
export async function sha256Hex(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))
  return toHex(new Uint8Array(digest))
}
