import { isIpv4 } from '../lib/ip-address.ts'
import type { Strictness } from '../state/strictness.ts'

/**
 * A notify_url that WeChat would post to: full http(s) address with a path, no query string, reachable from outside.
 * @see https://pay.weixin.qq.com/doc/v2/merchant/4011937248
 */
export function isNotifyUrl(value: string, strict: Strictness): boolean {
  // Looked at as text first: URL parsers mend what WeChat would have to post to as it stands.
  if (!/^https?:\/\/[^/?#\s@\\]+\/[^?#\s\\]*$/.test(value)) return false
  if (!URL.canParse(value)) return false
  const url = new URL(value)
  if (isLocalHost(url.hostname)) return strict.allowLoopbackNotifyUrl
  return url.protocol === 'https:' || !strict.requireHttpsNotifyUrl
}

function isLocalHost(hostname: string): boolean {
  if (hostname === 'localhost' || hostname.endsWith('.localhost') || hostname === '[::1]')
    return true
  if (!isIpv4(hostname)) return false
  return /^(127\.|10\.|192\.168\.|169\.254\.|0\.|172\.(1[6-9]|2\d|3[01])\.)/.test(hostname)
}
