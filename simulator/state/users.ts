import { makeLoginCode, makeOpenid } from '../lib/identifiers.ts'
import { LOGIN_CODE_LIFE_MS, LOGIN_WINDOW_MS, LOGINS_PER_MINUTE_MAX } from '../lib/limits.ts'
import type { Random } from '../lib/random.ts'

/** A code that wx.login gave to a phone. */
export type LoginCode = {
  readonly code: string
  readonly openid: string
  readonly issuedAt: number
  /** WeChat considers the user a risk and refuses the exchange with 40226. */
  readonly blocked: boolean
}

/** What jscode2session finds out about a code; `unknown` includes expired. */
export type CodeState =
  { state: 'unknown' } | { state: 'good' | 'used' | 'blocked'; openid: string }

const OPENID_SHAPE = /^o[0-9A-Za-z_-]{27}$/

/** The users of this mini program, and the login codes of their phones. */
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

  /** Registers a new user of this mini program. */
  newOpenid(): string {
    const openid = makeOpenid(this.#random)
    this.#own.add(openid)
    return openid
  }

  /** An openid of the right shape that belongs to another mini program. */
  foreignOpenid(): string {
    const openid = makeOpenid(this.#random)
    this.#foreign.add(openid)
    return openid
  }

  /** With `acceptAny`, an unknown openid of the right shape counts as a user of this mini program. */
  belongs(openid: string, acceptAny: boolean): boolean {
    if (this.#foreign.has(openid)) return false
    return this.#own.has(openid) || (acceptAny && OPENID_SHAPE.test(openid))
  }

  /** A fresh login code for this user. Throws for an openid of another mini program. */
  issueCode(openid: string, now: number, blocked: boolean): string {
    if (this.#foreign.has(openid)) throw new Error(`${openid} belongs to another mini program`)
    this.#own.add(openid)
    const code = makeLoginCode(this.#random)
    this.#codes.set(code, { code, openid, issuedAt: now, blocked })
    return code
  }

  /** Whether the code can be exchanged at `now`, without exchanging it. */
  codeState(code: string, now: number): CodeState {
    const issued = this.#codes.get(code)
    if (issued === undefined || now >= issued.issuedAt + LOGIN_CODE_LIFE_MS) {
      return { state: 'unknown' }
    }
    const { openid, blocked } = issued
    if (this.#used.has(code)) return { state: 'used', openid }
    return { state: blocked ? 'blocked' : 'good', openid }
  }

  /** Marks the code as exchanged. A code is valid once, even if the reply to the exchange is lost. */
  useCode(code: string): void {
    this.#used.add(code)
  }

  /** Counts a call for this user; true when the user has exceeded the quota of a minute. */
  isOverQuota(openid: string, now: number): boolean {
    const recent = (this.#calls.get(openid) ?? []).filter((at) => at > now - LOGIN_WINDOW_MS)
    recent.push(now)
    this.#calls.set(openid, recent)
    return recent.length > LOGINS_PER_MINUTE_MAX
  }
}
