import { equalInConstantTime, sha256Hex } from '../../lib/text.ts'
import type { HttpDeps } from './deps.ts'

/**
 * Whether the request carries the merchant token. Hashes
 * are compared, so timing reveals nothing about the token.
 */
export async function isMerchant(
  request: Request,
  deps: Pick<HttpDeps, 'merchantTokens'>,
): Promise<boolean> {
  const header = request.headers.get('authorization') ?? ''
  const [, token] = /^Bearer +([\x21-\x7e]+)$/i.exec(header) ?? []
  if (token === undefined) return false
  const given = await sha256Hex(token)
  const known = await Promise.all(deps.merchantTokens.map((each) => sha256Hex(each.reveal())))
  // Both tokens (the current and the previous one) are compared,
  // so the time taken does not reveal which one matched.
  return known.filter((hash) => equalInConstantTime(hash, given)).length > 0
}
