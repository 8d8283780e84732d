/** Whether a text is an IP address: IPv4 in four decimal numbers, or IPv6 with at most one `::`. */
export function isIpAddress(value: string): boolean {
  return isIpv4(value) || isIpv6(value)
}

/** Whether a text is an IPv4 address: four decimal numbers from 0 to 255 without leading zeros. */
export function isIpv4(value: string): boolean {
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
