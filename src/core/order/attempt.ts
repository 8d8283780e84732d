/**
 * An attempt: one `out_trade_no` at WeChat for an order.
 *
 *     open ──closing──▶ closing ──closed──▶ closed
 *       └──────closed─────────────────────────┘
 *     open | closing | closed ──payment──▶ paid
 *
 * Everything that WeChat compares is frozen in the attempt before unifiedorder is sent for the first time,
 * because WeChat refuses a second call with any difference ("201 商户订单号重复").
 */
import type { OutTradeNo } from '../ids.ts'
import type { Fen } from '../money.ts'
import { later, MINUTE_S, type UnixSeconds } from '../time.ts'

/** WeChat's `sign_type`. An attempt keeps the one that it was opened with. */
export type SignType = 'MD5' | 'HMAC-SHA256'

/**
 * `open`: the payer may pay. `closing`: it is being closed at WeChat, and is never signed again. `closed`:
 * WeChat confirmed the close, does not know the number, or the operator closed the attempt. `paid`: a payment
 * is recorded.
 */
export type AttemptState = 'open' | 'closing' | 'closed' | 'paid'

/** The parameters of unifiedorder, which are the same on every send. */
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

/** An attempt as stored. */
export type Attempt = Readonly<{
  outTradeNo: OutTradeNo
  /** Counts from 1 within the order. */
  number: number
  state: AttemptState
  terms: FrozenTerms
  /** When unifiedorder was last sent. */
  sentAt: UnixSeconds
  /** When WeChat gave a clear answer to that send; undefined as long as it has not. */
  answeredAt: UnixSeconds | undefined
  prepayId: string | undefined
  prepayExpiresAt: UnixSeconds | undefined
  /** SHA-256 of the login code of the last `/pay`, so that a repetition of that request is recognised. */
  codeHash: string | undefined
  /** When the last `/pay` came. */
  codeAt: UnixSeconds | undefined
  closedAt: UnixSeconds | undefined
}>

/** An unanswered unifiedorder may still reach WeChat for this long: two call deadlines, and slow networks. */
const IN_FLIGHT_S = MINUTE_S
const PREPAY_LIFE_S = 2 * 60 * MINUTE_S
/** A prepay_id is signed only if it stays valid this long: the payer needs time for the cashier. */
const PREPAY_USABLE_S = 5 * MINUTE_S
/** WeChat's login codes are valid for five minutes. A code is recognised for the same time. */
const CODE_LIFE_S = 5 * MINUTE_S

/** Whether the payer may still be able to pay the attempt. */
export const isLive = (attempt: Attempt): boolean =>
  attempt.state === 'open' || attempt.state === 'closing'

/**
 * Whether a unifiedorder may still be on its way to WeChat. As long as it may, the answer "no such order"
 * proves nothing: WeChat may create the order a moment later.
 */
export const isInFlight = (attempt: Attempt, now: UnixSeconds): boolean =>
  attempt.answeredAt === undefined && now < later(attempt.sentAt, IN_FLIGHT_S)

/** When a prepay_id expires: two hours after WeChat issued it, or at `time_expire` if that is earlier. */
export function prepayExpiry(attempt: Attempt, issuedAt: UnixSeconds): UnixSeconds {
  const twoHours = later(issuedAt, PREPAY_LIFE_S)
  return twoHours < attempt.terms.timeExpire ? twoHours : attempt.terms.timeExpire
}

/** Whether the attempt has a prepay_id with which the payer may still pay. */
export const hasLivePrepay = (attempt: Attempt, now: UnixSeconds): boolean =>
  attempt.prepayExpiresAt !== undefined && now < attempt.prepayExpiresAt

/** Whether the attempt has a prepay_id that is valid long enough to be signed for the payer. */
export const hasUsablePrepay = (attempt: Attempt, now: UnixSeconds): boolean =>
  attempt.prepayId !== undefined &&
  attempt.prepayExpiresAt !== undefined &&
  attempt.prepayExpiresAt >= later(now, PREPAY_USABLE_S)

/**
 * Whether the last `/pay` of the attempt came with this login code. Then the payer is known without another
 * login, in which WeChat would refuse the code as used.
 */
export const knowsCode = (attempt: Attempt, codeHash: string, now: UnixSeconds): boolean =>
  attempt.codeHash === codeHash &&
  attempt.codeAt !== undefined &&
  now < later(attempt.codeAt, CODE_LIFE_S)
