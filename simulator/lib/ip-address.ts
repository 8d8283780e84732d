import type { Strictness } from '../state/world.ts'

/** An IPv4 address in four decimal numbers, or an IPv6 address with at most one `::`. */
export function isIpAddress(value: string): boolean {
  return isIpv4(value) || isIpv6(value)
}

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

function isIpv4(value: string): boolean {
  const parts = value.split('.')
  return parts.length === 4 && parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && +part < 256)
}

function isIpv6(value: string): boolean {
  const halves = value.split('::')
  if (halves.length > 2) return false
  const groups = halves.flatMap((half) => (half === '' ? [] : half.split(':')))
  const last = groups.at(-1) ?? ''
  const embedded = isIpv4(last) ? groups.slice(0, -1) : groups
  const count = embedded.length + (isIpv4(last) ? 2 : 0)
  if (!embedded.every((group) => /^[0-9A-Fa-f]{1,4}$/.test(group))) return false
  return halves.length === 2 ? count < 8 : count === 8
}
