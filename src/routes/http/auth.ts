import type { Actor, Role } from '../../core/actor.ts'
import { equalInConstantTime, sha256Hex } from '../../lib/text.ts'
import type { HttpDeps } from './deps.ts'

/** Who sends a request. The shop may do what an operator may. */
export type Caller = Readonly<{ actor: Actor; role: Role }>

/** The token of a request; undefined when it has none. */
export const tokenOf = (request: Request): string | undefined =>
  /^Bearer +([\x21-\x7e]+)$/i.exec(request.headers.get('authorization') ?? '')?.[1]

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
  const ofShop = await Promise.all(deps.merchantTokens.map((each) => sha256Hex(each.reveal())))
  const known = [
    ...ofShop.map((hash) => ({ actor: 'shop', role: 'operator', hash }) as const),
    ...deps.operators.map(({ name, role, tokenSha256 }) => ({
      actor: name,
      role,
      hash: tokenSha256.reveal(),
    })),
  ]
  // Every token is compared, so the time taken does not reveal which one matched.
  const [caller] = known.filter(({ hash }) => equalInConstantTime(hash, given))
  return caller
}
