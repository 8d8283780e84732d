/**
 * An attempt: one `out_trade_no` at WeChat for an order.
 *
 *     open ──closing──▶ closing ──closed──▶ closed
 *       └──────closed─────────────────────────┘
 *     open | closing | closed ──payment──▶ paid
 *
 * Everything WeChat compares is frozen in it before unifiedorder is sent for the first time, because
 * a second call with anything different is refused ("201 商户订单号重复").
 */
import type { OutTradeNo } from '../ids.ts'
import type { Fen } from '../money.ts'
import { later, MINUTE_S, type UnixSeconds } from '../time.ts'

export type SignType = 'MD5' | 'HMAC-SHA256'

export type AttemptState = 'open' | 'closing' | 'closed' | 'paid'

/** The parameters of unifiedorder that stay the same for the life of the number. */
export type FrozenTerms = Readonly<{
  appid: string
  mchId: string
  openid: string
  spbillCreateIp: string
  totalFee: Fen
  body: string
  attach: string | undefined
  detail: string | undefined
  goodsTag: string | undefined
  limitPay: string | undefined
  notifyUrl: string
  signType: SignType
  timeStart: UnixSeconds
  timeExpire: UnixSeconds
}>

export type Attempt = Readonly<{
  outTradeNo: OutTradeNo
  /** Counts from 1 within the order. */
  number: number
  state: AttemptState
  terms: FrozenTerms
  /** When unifiedorder was last sent for it. */
  sentAt: UnixSeconds
  /** When WeChat last answered that call definitely; undefined while the answer is unknown. */
  answeredAt: UnixSeconds | undefined
  prepayId: string | undefined
  prepayExpiresAt: UnixSeconds | undefined
  /** Hash of the login code that last led here, to recognise a repeated request. */
  codeHash: string | undefined
  codeAt: UnixSeconds | undefined
  closedAt: UnixSeconds | undefined
}>

/** A call that was not answered may be on its way this long: two deadlines, and slow networks. */
const IN_FLIGHT_S = MINUTE_S
const PREPAY_LIFE_S = 2 * 60 * MINUTE_S
/** Signed parameters must leave the payer time to look at the cashier and type a password. */
const PREPAY_USABLE_S = 5 * MINUTE_S
/** A login code lives five minutes; so does our memory of it. */
const CODE_LIFE_S = 5 * MINUTE_S

/** Live: the payer may still be able to pay it. */
export const isLive = (attempt: Attempt): boolean =>
  attempt.state === 'open' || attempt.state === 'closing'

/**
 * Whether a unifiedorder for it may still be under way. WeChat's word that it knows no such order
 * proves nothing then: the order may come into being a moment later.
 */
export const isInFlight = (attempt: Attempt, now: UnixSeconds): boolean =>
  attempt.answeredAt === undefined && now < later(attempt.sentAt, IN_FLIGHT_S)

/** A prepay_id dies after two hours, or with the order number. */
export function prepayExpiry(attempt: Attempt, issuedAt: UnixSeconds): UnixSeconds {
  const twoHours = later(issuedAt, PREPAY_LIFE_S)
  return twoHours < attempt.terms.timeExpire ? twoHours : attempt.terms.timeExpire
}

/** The payer can still pay with the prepay_id, should WeChat let the order. */
export const hasLivePrepay = (attempt: Attempt, now: UnixSeconds): boolean =>
  attempt.prepayExpiresAt !== undefined && now < attempt.prepayExpiresAt

export const hasUsablePrepay = (attempt: Attempt, now: UnixSeconds): boolean =>
  attempt.prepayId !== undefined &&
  attempt.prepayExpiresAt !== undefined &&
  attempt.prepayExpiresAt >= later(now, PREPAY_USABLE_S)

export const knowsCode = (attempt: Attempt, codeHash: string, now: UnixSeconds): boolean =>
  attempt.codeHash === codeHash &&
  attempt.codeAt !== undefined &&
  now < later(attempt.codeAt, CODE_LIFE_S)
