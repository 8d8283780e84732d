/**
 * A session of the console: a signed cookie, valid for eight hours. Its key derives from the token of the one who
 * signed in, so that it ends with the token. The role is never in the cookie: every request looks it up.
 *
 *     kind.expiry.id.name.mac      name in hex of UTF-8
 */
import { type Actor, RESERVED_ACTORS, type Role } from '../../core/actor.ts'
import { HOUR_S, later, type UnixSeconds } from '../../core/time.ts'
import { derivedKey, macHex } from '../../lib/mac.ts'
import { equalInConstantTime, isPlainText, sha256Hex, toHex } from '../../lib/text.ts'
import { type KnownToken, knownTokens } from '../../routes/http/auth.ts'
import type { HttpDeps } from '../../routes/http/deps.ts'

/** Who is signed in. `csrf` must be in every form of the session. */
export type Session = Readonly<{ name: Actor; role: Role; csrf: string }>

type TokenDeps = Pick<HttpDeps, 'merchantTokens' | 'operators'>

const LIFE_S = 8 * HOUR_S
const NAME = '__Host-wxpay_console'
const ATTRIBUTES = 'HttpOnly; Secure; SameSite=Strict; Path=/'
const VALUE =
  /^((shop|operator)\.(\d{1,12})\.([0-9a-f]{32})\.((?:[0-9a-f]{2}){1,160}))\.([0-9a-f]{64})$/
const NAME_CHARS_MAX = 32

/** The cookie that ends a session. */
export const CLEARED = `${NAME}=; ${ATTRIBUTES}; Max-Age=0`

/** Whether a text can be the name of a person who signs in with the shop's token. */
export const isPersonName = (text: string): boolean =>
  text.length >= 1 &&
  text.length <= NAME_CHARS_MAX &&
  isPlainText(text) &&
  !RESERVED_ACTORS.includes(text.toLowerCase())

/** The tokens with which people sign in: those of the operators; the shop's where there are no operators. */
async function signInTokens(deps: TokenDeps): Promise<readonly KnownToken[]> {
  const known = await knownTokens(deps)
  return deps.operators.length === 0 ? known : known.filter(({ actor }) => actor !== 'shop')
}

/**
 * Signs a person in.
 *
 * @param name The name that the person gives; an operator's token has its own.
 * @returns the cookie; `token` or `name` when that is wrong.
 */
export async function signIn(
  deps: TokenDeps & Pick<HttpDeps, 'newSessionId' | 'now'>,
  token: string,
  name: string,
): Promise<Readonly<{ cookie: string; name: Actor }> | 'token' | 'name'> {
  const given = await sha256Hex(token)
  const [known] = (await signInTokens(deps)).filter(({ hash }) => equalInConstantTime(hash, given))
  if (known === undefined) return 'token'
  const isShop = known.actor === 'shop'
  if (isShop && !isPersonName(name)) return 'name'
  const actor = isShop ? name : known.actor
  const claim = [
    isShop ? 'shop' : 'operator',
    later(deps.now(), LIFE_S),
    deps.newSessionId(),
    toHex(new TextEncoder().encode(actor)),
  ].join('.')
  const mac = await macHex(await keyOf(known), claim)
  return { cookie: `${NAME}=${claim}.${mac}; ${ATTRIBUTES}; Max-Age=${LIFE_S}`, name: actor }
}

/** The session of a request; undefined when its cookie is missing, forged, over, or of a name or token that is gone. */
export async function readSession(
  { headers }: Pick<Request, 'headers'>,
  deps: TokenDeps & Pick<HttpDeps, 'now'>,
): Promise<Session | undefined> {
  const parts = VALUE.exec(cookieOf(headers, NAME) ?? '')
  if (parts === null) return undefined
  const [, claim = '', kind, expiry, id = '', hexName = '', mac = ''] = parts
  if (deps.now() >= (Number(expiry) as UnixSeconds)) return undefined
  const name = textOf(hexName)
  const signers = (await signInTokens(deps)).filter(({ actor }) =>
    kind === 'shop' ? actor === 'shop' : actor !== 'shop' && actor === name,
  )
  for (const signer of signers) {
    const key = await keyOf(signer)
    if (equalInConstantTime(mac, await macHex(key, claim))) {
      return { name, role: signer.role, csrf: await macHex(key, `csrf ${id}`) }
    }
  }
  return undefined
}

const keyOf = ({ hash }: KnownToken): Promise<CryptoKey> => derivedKey(hash, 'console session v1')

/** Reads a cookie of a request. */
export const cookieOf = (headers: Headers, name: string): string | undefined =>
  (headers.get('cookie') ?? '')
    .split(';')
    .map((pair) => pair.trim())
    .find((pair) => pair.startsWith(`${name}=`))
    ?.slice(name.length + 1)

const textOf = (hex: string): string =>
  new TextDecoder().decode(
    Uint8Array.from(hex.match(/../g) ?? [], (digits) => Number.parseInt(digits, 16)),
  )
