/** Reads IP addresses. */

/** An IPv4 or IPv6 address. All spellings of one address give the same two texts. */
export type IpAddress = Readonly<{
  /** The address as it is usually written: `203.0.113.7`, or `2001:db8::7` as in RFC 5952. */
  text: string
  /**
   * Whom a rate limit counts: an IPv4 address, or the /64 network of an IPv6 address. A provider gives every customer
   * at least a /64, and each device in it changes its address as it likes.
   */
  network: string
}>

const OCTET = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)'
const IPV4 = new RegExp(`^${OCTET}(?:\\.${OCTET}){3}$`)
/** The longest form is six groups and an IPv4 address: 45 characters. Behind it, a zone names an interface of a host. */
const IPV6 = /^([0-9a-f:.]{2,45})(?:%[\w.~-]{1,64})?$/i
const GROUPS = 8

/**
 * Reads an address in any spelling. An IPv4 address in an IPv6 one (`::ffff:203.0.113.7`) is that IPv4 address, and the
 * zone of `fe80::1%eth0` is left out.
 *
 * @returns undefined for any other text, also for an address with a port or in brackets.
 */
export function readIpAddress(text: string): IpAddress | undefined {
  if (IPV4.test(text)) return { text, network: text }
  const [, spelling = ''] = IPV6.exec(text) ?? []
  const url = `http://[${spelling}]/`
  if (!URL.canParse(url)) return undefined
  // A parsed URL has the address in lower case, without leading zeros, and with the longest run of zeros as `::`.
  const address = new URL(url).hostname.slice(1, -1)
  const groups = groupsOf(address)
  const ipv4 = mappedIpv4(groups)
  if (ipv4 !== undefined) return { text: ipv4, network: ipv4 }
  const network = groups.slice(0, GROUPS / 2).map((group) => group.toString(16))
  return { text: address, network: `${network.join(':')}::/64` }
}

function groupsOf(address: string): readonly number[] {
  const [left = [], right = []] = address
    .split('::')
    .map((half) => (half === '' ? [] : half.split(':').map((group) => Number.parseInt(group, 16))))
  const zeros = Array.from({ length: GROUPS - left.length - right.length }, () => 0)
  return [...left, ...zeros, ...right]
}

/** The IPv4 address in `::ffff:0:0/96`, which stands for an IPv4 client of an IPv6 socket. */
function mappedIpv4(groups: readonly number[]): string | undefined {
  const [high = 0, low = 0] = groups.slice(6)
  const isMapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff
  return isMapped ? [high >> 8, high & 255, low >> 8, low & 255].join('.') : undefined
}
