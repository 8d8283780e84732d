import { isIP } from 'node:net'

/**
 * Why a request to the control interface or the phone is refused; `undefined` when it may pass. A web page of another origin
 * must not drive a server on the developer's machine: neither by a form (its `Origin` is another one), nor by a name that
 * resolves to this machine (its `Host` is a name).
 */
export function whyForbidden(request: Request): string | undefined {
  const host = request.headers.get('host') ?? ''
  if (!isOwnHost(host)) return `the Host ${host} is neither localhost nor an IP address`
  const origin = request.headers.get('origin')
  if (request.method === 'GET' || request.method === 'HEAD' || origin === null) return undefined
  return origin === `http://${host}` ? undefined : `the Origin ${origin} is another one`
}

/** A request without `Host` comes from no browser. */
function isOwnHost(host: string): boolean {
  if (host === '') return true
  const name = host.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1')
  return name === 'localhost' || isIP(name) !== 0
}
