import { isIpv4 } from '../lib/ip-address.ts'
import type { Strictness } from '../state/strictness.ts'

/**
 * Whether WeChat would post notices to this notify_url: a full http or https URL with a path, without a query string, reachable
 * from outside.
 * @see https://pay.weixin.qq.com/doc/v2/merchant/4011937248
 */
export function isNotifyUrl(value: string, strict: Strictness): boolean {
  // The text is checked before it is parsed, because a URL parser silently corrects mistakes that WeChat does not correct.
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
