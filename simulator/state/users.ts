import { makeLoginCode, makeOpenid } from '../lib/identifiers.ts'
import { LOGIN_CODE_LIFE_MS, LOGIN_WINDOW_MS, LOGINS_PER_MINUTE_MAX } from '../lib/limits.ts'
import type { Random } from '../lib/random.ts'

export type LoginCode = {
  readonly code: string
  readonly openid: string
  readonly issuedAt: number
  /** WeChat thinks the user is a risk and refuses the exchange with 40226. */
  readonly blocked: boolean
}

export type CodeState =
  { state: 'unknown' } | { state: 'good' | 'used' | 'blocked'; openid: string }

const OPENID_SHAPE = /^o[0-9A-Za-z_-]{27}$/

/** Who uses this mini program, and the codes their phones were given. */
export class Users {
  readonly #random: Random
  readonly #own = new Set<string>()
  readonly #foreign = new Set<string>()
  readonly #codes = new Map<string, LoginCode>()
  readonly #used = new Set<string>()
  readonly #calls = new Map<string, number[]>()

  constructor(random: Random) {
    this.#random = random
  }

  newOpenid(): string {
    const openid = makeOpenid(this.#random)
    this.#own.add(openid)
    return openid
  }

  /** Of right shape, but of somebody else's mini program. */
  foreignOpenid(): string {
    const openid = makeOpenid(this.#random)
    this.#foreign.add(openid)
    return openid
  }

  /** With `acceptAny`, an openid nobody has met here is taken for one of ours if it has the right shape. */
  belongs(openid: string, acceptAny: boolean): boolean {
    if (this.#foreign.has(openid)) return false
    return this.#own.has(openid) || (acceptAny && OPENID_SHAPE.test(openid))
  }

  issueCode(openid: string, now: number, blocked: boolean): string {
    if (this.#foreign.has(openid)) throw new Error(`${openid} belongs to another mini program`)
    this.#own.add(openid)
    const code = makeLoginCode(this.#random)
    this.#codes.set(code, { code, openid, issuedAt: now, blocked })
    return code
  }

  codeState(code: string, now: number): CodeState {
    const issued = this.#codes.get(code)
    if (issued === undefined || now >= issued.issuedAt + LOGIN_CODE_LIFE_MS) {
      return { state: 'unknown' }
    }
    const { openid, blocked } = issued
    if (this.#used.has(code)) return { state: 'used', openid }
    return { state: blocked ? 'blocked' : 'good', openid }
  }

  /** A code is good once, whoever learns the answer: a reply that gets lost has used it up. */
  useCode(code: string): void {
    this.#used.add(code)
  }

  /** Counts a call for this user and says whether it is one too many within a minute. */
  isOverQuota(openid: string, now: number): boolean {
    const recent = (this.#calls.get(openid) ?? []).filter((at) => at > now - LOGIN_WINDOW_MS)
    recent.push(now)
    this.#calls.set(openid, recent)
    return recent.length > LOGINS_PER_MINUTE_MAX
  }
}
