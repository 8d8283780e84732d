import { makeLoginCode, makeOpenid } from '../lib/identifiers.ts'
import { LOGIN_CODE_LIFE_MS, LOGIN_WINDOW_MS, LOGINS_PER_MINUTE_MAX } from '../lib/limits.ts'
import type { Random } from '../lib/random.ts'

/** A login code that wx.login gave to the phone of the user `openid`. `issuedAt` is in epoch milliseconds. */
export type LoginCode = {
  readonly code: string
  readonly openid: string
  readonly issuedAt: number
  /** Whether WeChat considers the user a risk. If so, jscode2session refuses the code with errcode 40226. */
  readonly blocked: boolean
}

/** The state of a login code at jscode2session. `unknown` includes expired codes. */
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

  /** Registers a new user of the mini program, and returns the openid. */
  newOpenid(): string {
    const openid = makeOpenid(this.#random)
    this.#own.add(openid)
    return openid
  }

  /** Makes an openid of the right shape that belongs to another mini program. */
  foreignOpenid(): string {
    const openid = makeOpenid(this.#random)
    this.#foreign.add(openid)
    return openid
  }

  /** Whether an openid is a user of this mini program. With `acceptAny`, an unknown openid of the right shape counts as one. */
  belongs(openid: string, acceptAny: boolean): boolean {
    if (this.#foreign.has(openid)) return false
    return this.#own.has(openid) || (acceptAny && OPENID_SHAPE.test(openid))
  }

  /** Issues a new login code for a user. Throws for an openid of another mini program. */
  issueCode(openid: string, now: number, blocked: boolean): string {
    if (this.#foreign.has(openid)) throw new Error(`${openid} belongs to another mini program`)
    this.#own.add(openid)
    const code = makeLoginCode(this.#random)
    this.#codes.set(code, { code, openid, issuedAt: now, blocked })
    return code
  }

  /** The state of a login code at `now`. Reading the state does not use up the code. */
  codeState(code: string, now: number): CodeState {
    const issued = this.#codes.get(code)
    if (issued === undefined || now >= issued.issuedAt + LOGIN_CODE_LIFE_MS) {
      return { state: 'unknown' }
    }
    const { openid, blocked } = issued
    if (this.#used.has(code)) return { state: 'used', openid }
    return { state: blocked ? 'blocked' : 'good', openid }
  }

  /** Marks a login code as used. A code can be exchanged only once, even if the answer of jscode2session is lost. */
  useCode(code: string): void {
    this.#used.add(code)
  }

  /** Counts a call of jscode2session for a user. Returns true when the user has exceeded the quota of a minute. */
  isOverQuota(openid: string, now: number): boolean {
    const recent = (this.#calls.get(openid) ?? []).filter((at) => at > now - LOGIN_WINDOW_MS)
    recent.push(now)
    this.#calls.set(openid, recent)
    return recent.length > LOGINS_PER_MINUTE_MAX
  }
}
