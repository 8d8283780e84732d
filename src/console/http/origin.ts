import type { HttpDeps } from '../../routes/http/deps.ts'

/**
 * Whether a form was sent by a page of ours: by its `Origin`, which every browser sends with a form, and by
 * `Sec-Fetch-Site` where the browser sends it. Behind a proxy our origin is that of PUBLIC_URL.
 */
export function isOwnForm(
  { headers, url }: Pick<Request, 'headers' | 'url'>,
  { config }: Pick<HttpDeps, 'config'>,
): boolean {
  const origin = headers.get('origin')
  const own = [new URL(url).origin, new URL(config.notifyUrl).origin]
  const site = headers.get('sec-fetch-site')
  return origin !== null && own.includes(origin) && (site === null || site === 'same-origin')
}

/** Whether a page of another site leads here. A cookie that is `SameSite=Strict` does not come along then. */
export const isFromElsewhere = ({ headers }: Pick<Request, 'headers'>): boolean =>
  headers.get('sec-fetch-site') === 'cross-site'
