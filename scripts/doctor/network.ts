/** The way to the Worker: its name, and its certificate as a phone sees it. */
import type { LookupAddress } from 'node:dns'
import { lookup } from 'node:dns/promises'
import { BlockList } from 'node:net'
import { connect, type ConnectionOptions } from 'node:tls'
import { type Finding, fine, finding } from '../../src/core/doctor/finding.ts'
import { isLocal, type Place } from './ask.ts'

const DAYS_MIN = 14
const DAY_MS = 86_400_000

/** Addresses that cannot be reached from the internet. */
const PRIVATE = new BlockList()
for (const [net, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
] as const) {
  PRIVATE.addSubnet(net, prefix, 'ipv4')
}
for (const [net, prefix] of [
  ['::1', 128],
  ['fc00::', 7],
  ['fe80::', 10],
] as const) {
  PRIVATE.addSubnet(net, prefix, 'ipv6')
}

/** `net.dns`: the name exists, and leads to the internet. @param resolve Asks the machine's resolver. */
export async function dns(
  { url }: Pick<Place, 'url'>,
  resolve = (name: string): Promise<readonly LookupAddress[]> => lookup(name, { all: true }),
): Promise<Finding> {
  const id = 'net.dns'
  if (isLocal(url)) return finding(id, 'skip', 'local')
  try {
    const addresses = await resolve(url.hostname.replace(/^\[|\]$/g, ''))
    const list = addresses.map(({ address }) => address).join(', ')
    const isPrivate = addresses.some(({ address, family }) =>
      PRIVATE.check(address, family === 6 ? 'ipv6' : 'ipv4'),
    )
    return isPrivate ? finding(id, 'fail', 'private', list) : fine(id, list)
  } catch (error) {
    const code = String((error as { code?: unknown }).code)
    return code === 'ENOTFOUND' || code === 'ENODATA'
      ? finding(id, 'fail', 'absent', url.hostname)
      : finding(id, 'skip', 'unreachable', code)
  }
}

/** What one handshake showed. */
type Handshake = Readonly<{ error: string } | { distrust: string | undefined; daysLeft: number }>

/** OpenSSL's words for what is wrong with a certificate. */
const DISTRUST: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'expired',
  CERT_NOT_YET_VALID: 'expired',
  ERR_TLS_CERT_ALTNAME_INVALID: 'name',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'chain',
}

/** `net.tls`: the certificate is right, whole and in date, for TLS 1.2 as for the newest. */
export async function tls(place: Place): Promise<Finding> {
  const id = 'net.tls'
  const { url } = place
  if (url.protocol !== 'https:') return finding(id, 'skip', isLocal(url) ? 'local' : 'plain')
  const [old, newest] = await Promise.all([
    handshake(place, { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' }),
    handshake(place, {}),
  ])
  if ('error' in newest) return finding(id, 'skip', 'unreachable', newest.error)
  const { distrust, daysLeft } = newest
  if (distrust !== undefined)
    return finding(id, 'fail', DISTRUST[distrust] ?? 'untrusted', distrust)
  if ('error' in old) return finding(id, 'fail', 'tls12', old.error)
  const seen = `${daysLeft} d`
  return daysLeft < DAYS_MIN ? finding(id, 'warn', 'soon', seen) : fine(id, seen)
}

function handshake({ url, signal, ca }: Place, versions: ConnectionOptions): Promise<Handshake> {
  return new Promise((resolve) => {
    const host = url.hostname.replace(/^\[|\]$/g, '')
    const socket = connect({
      host,
      port: url.port === '' ? 443 : Number(url.port),
      ...(/^[\d.]+$|:/.test(host) ? {} : { servername: host }),
      // The certificate is to be judged, not only refused.
      rejectUnauthorized: false,
      ...(ca === undefined ? {} : { ca }),
      ...versions,
    })
    const end = (result: Handshake): void => {
      signal.removeEventListener('abort', stop)
      socket.destroy()
      resolve(result)
    }
    const stop = (): void => end({ error: 'no answer in time' })
    signal.addEventListener('abort', stop, { once: true })
    socket.once('error', (error: NodeJS.ErrnoException) =>
      end({ error: error.code ?? error.message }),
    )
    socket.once('secureConnect', () => {
      const ends = Date.parse(socket.getPeerCertificate().valid_to)
      // Node gives the code of OpenSSL, though its types say an Error.
      const why: unknown = socket.authorizationError
      const code = why instanceof Error ? (why as NodeJS.ErrnoException).code : why
      end({
        distrust: socket.authorized ? undefined : String(code ?? why),
        daysLeft: Math.floor((ends - Date.now()) / DAY_MS),
      })
    })
  })
}
