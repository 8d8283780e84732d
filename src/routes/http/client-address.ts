import { type IpAddress, readIpAddress } from '../../lib/ip-address.ts'
import type { HttpDeps } from './deps.ts'

/** Has the address of the client that connected to Cloudflare, and no client can choose it. */
const CONNECTING_IP = 'cf-connecting-ip'

/**
 * The address of the client: as the trusted proxy of `CLIENT_IP_HEADER` reports it, otherwise as Cloudflare does.
 *
 * @returns undefined when neither header has an address.
 */
export function clientAddress(
  { headers }: Pick<Request, 'headers'>,
  { clientIpHeader }: Pick<HttpDeps, 'clientIpHeader'>,
): IpAddress | undefined {
  const connecting = readIpAddress(headers.get(CONNECTING_IP)?.trim() ?? '')
  const reported = clientIpHeader === undefined ? null : headers.get(clientIpHeader)
  return (reported === null ? undefined : lastReported(reported, connecting)) ?? connecting
}

/**
 * The last address in a list to which each proxy appends the address of its caller, as in `X-Forwarded-For`. Only the
 * last entry is of the trusted proxy: the client may have sent those before it. Cloudflare appends the proxy's own
 * address to `X-Forwarded-For`, which is left out.
 *
 * @returns undefined when the last entry is no address: an earlier one would prove nothing.
 */
function lastReported(list: string, connecting: IpAddress | undefined): IpAddress | undefined {
  const isProxy = (entry: string): boolean =>
    connecting !== undefined && readIpAddress(entry.trim())?.text === connecting.text
  const last = list.split(',').findLast((entry) => !isProxy(entry))
  return last === undefined ? undefined : readIpAddress(last.trim())
}
