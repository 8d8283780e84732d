import type { Actor, Role } from '../../core/actor.ts'
import type { Secret } from '../../lib/secret.ts'
import { equalInConstantTime, sha256Hex } from '../../lib/text.ts'
import type { HttpDeps } from './deps.ts'

/** Who sends a request. The shop may do what an operator may. */
export type Caller = Readonly<{ actor: Actor; role: Role }>

/** The token of a request; undefined when it has none. */
export const tokenOf = (request: Request): string | undefined =>
  /^Bearer +([\x21-\x7e]+)$/i.exec(request.headers.get('authorization') ?? '')?.[1]

/** Whether a request has this one token. Hashes are compared, so timing reveals nothing about it. */
export async function hasToken(request: Request, token: Secret): Promise<boolean> {
  const given = tokenOf(request)
  if (given === undefined) return false
  return equalInConstantTime(await sha256Hex(given), await sha256Hex(token.reveal()))
}

/** A token that is accepted, as its SHA-256 in lower-case hex. */
export type KnownToken = Caller & Readonly<{ hash: string }>

/** All tokens that are accepted: those of the shop first, then those of the operators. */
export async function knownTokens(
  deps: Pick<HttpDeps, 'merchantTokens' | 'operators'>,
): Promise<readonly KnownToken[]> {
  const ofShop = await Promise.all(deps.merchantTokens.map((each) => sha256Hex(each.reveal())))
  return [
    ...ofShop.map((hash) => ({ actor: 'shop', role: 'operator', hash }) as const),
    ...deps.operators.map(({ name, role, tokenSha256 }) => ({
      actor: name,
      role,
      hash: tokenSha256.reveal(),
    })),
  ]
}

/**
 * Finds whose token it is. Hashes are compared, so timing reveals nothing about a token.
 *
 * @returns undefined when it is the token of neither the shop nor an operator.
 */
export async function callerWith(
  token: string,
  deps: Pick<HttpDeps, 'merchantTokens' | 'operators'>,
): Promise<Caller | undefined> {
  const given = await sha256Hex(token)
  // Every token is compared, so the time taken does not reveal which one matched.
  const [caller] = (await knownTokens(deps)).filter(({ hash }) => equalInConstantTime(hash, given))
  return caller
}
