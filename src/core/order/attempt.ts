/**
 * An attempt: one `out_trade_no` at WeChat for an order.
 *
 *     open ──closing──▶ closing ──closed──▶ closed
 *       └──────closed─────────────────────────┘
 *     open | closing | closed ──payment──▶ paid
 *
 * All parameters that WeChat compares are stored in the attempt before unifiedorder is sent for the first
 * time, and never change: WeChat refuses a second call in which any of them differs ("201 商户订单号重复").
 */
import type { OutTradeNo } from '../ids.ts'
import type { Fen } from '../money.ts'
import { later, MINUTE_S, type UnixSeconds } from '../time.ts'

/** WeChat's `sign_type`. An attempt keeps the `sign_type` with which it was opened. */
export type SignType = 'MD5' | 'HMAC-SHA256'

/**
 * `open`: the payer may pay. `closing`: the Worker is closing the attempt at WeChat, and never signs its
 * prepay_id again. `closed`: WeChat confirmed the close, WeChat does not know the number, or the operator
 * closed the attempt. `paid`: a payment of the attempt is recorded.
 */
export type AttemptState = 'open' | 'closing' | 'closed' | 'paid'

/** The parameters of an attempt's unifiedorder. They are the same on every send. */
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

/** An attempt as stored in the table `attempts`. */
export type Attempt = Readonly<{
  outTradeNo: OutTradeNo
  /** The attempt's number within the order, from 1. */
  number: number
  state: AttemptState
  terms: FrozenTerms
  /** When unifiedorder was last sent for this attempt, in Unix seconds. Every send has its own second. */
  sentAt: UnixSeconds
  /** When WeChat gave a clear answer to the last unifiedorder; undefined as long as it has not. */
  answeredAt: UnixSeconds | undefined
  /**
   * When the earliest unifiedorder before the last one was sent whose answer was never stored; undefined when all
   * of them were answered.
   */
  unansweredAt: UnixSeconds | undefined
  prepayId: string | undefined
  prepayExpiresAt: UnixSeconds | undefined
  /**
   * SHA-256 of the login code of the last `/pay` request, so
   * that the Worker recognises a repetition of that request.
   */
  codeHash: string | undefined
  /** When the payer's last `/pay` request about this attempt came, in Unix seconds. */
  codeAt: UnixSeconds | undefined
  closedAt: UnixSeconds | undefined
}>

/**
 * How long an unanswered unifiedorder may still be on its way to WeChat, in seconds: two call deadlines, and
 * the delay of slow networks.
 */
const IN_FLIGHT_S = MINUTE_S
const PREPAY_LIFE_S = 2 * 60 * MINUTE_S
/**
 * How long a prepay_id must still be valid to be signed,
 * in seconds: the payer needs time in WeChat's cashier.
 */
const PREPAY_USABLE_S = 5 * MINUTE_S
/** How long the Worker recognises a login code, in seconds: as long as WeChat's login codes are valid. */
const CODE_LIFE_S = 5 * MINUTE_S

/**
 * Makes an attempt of which only its payment is known, because its row was lost with a restore of the database.
 * What WeChat does not tell about the attempt is empty; nothing sends or compares it any more.
 */
export const restoredAttempt = (
  key: Pick<Attempt, 'outTradeNo' | 'number'>,
  payment: Readonly<{ openid: string; totalFee: Fen; paidAt: UnixSeconds }>,
  terms: Pick<FrozenTerms, 'appid' | 'mchId' | 'notifyUrl' | 'signType' | 'body'>,
): Attempt => ({
  ...key,
  state: 'paid',
  terms: {
    ...terms,
    openid: payment.openid,
    totalFee: payment.totalFee,
    spbillCreateIp: '',
    attach: undefined,
    detail: undefined,
    goodsTag: undefined,
    limitPay: undefined,
    timeStart: payment.paidAt,
    timeExpire: payment.paidAt,
  },
  sentAt: payment.paidAt,
  answeredAt: payment.paidAt,
  unansweredAt: undefined,
  prepayId: undefined,
  prepayExpiresAt: undefined,
  codeHash: undefined,
  codeAt: undefined,
  closedAt: undefined,
})

/** Whether the payer may still be able to pay the attempt. */
export const isLive = (attempt: Attempt): boolean =>
  attempt.state === 'open' || attempt.state === 'closing'

/**
 * Whether a unifiedorder of the attempt may still be on its way to WeChat. If so, WeChat's answer "no such
 * order" proves nothing, because WeChat may create the order a moment later.
 */
export const isInFlight = (attempt: Attempt, now: UnixSeconds): boolean =>
  attempt.answeredAt === undefined && now < later(attempt.sentAt, IN_FLIGHT_S)

/** The attempt when its unifiedorder is sent again for a `/pay` request with this login code. */
export function sentAgain(attempt: Attempt, codeHash: string, now: UnixSeconds): Attempt {
  // No two sends of an attempt share a second, so that `sentAt` tells which send an answer belongs to.
  const next = later(attempt.sentAt, 1)
  return {
    ...attempt,
    sentAt: next > now ? next : now,
    answeredAt: undefined,
    unansweredAt:
      attempt.unansweredAt ?? (attempt.answeredAt === undefined ? attempt.sentAt : undefined),
    codeHash,
    codeAt: now,
  }
}

/**
 * Whether an order that WeChat has under the attempt's number may be ours: WeChat issued a prepay_id, or a
 * unifiedorder went unanswered and may have created the order. If WeChat refused every one, such an order belongs
 * to another system of the merchant, or is of a time before the database was restored, and must not be closed.
 */
export const mayBeOurs = (attempt: Attempt): boolean =>
  attempt.prepayId !== undefined ||
  attempt.answeredAt === undefined ||
  attempt.unansweredAt !== undefined

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
 * Whether the last `/pay` request of the attempt had this login code. If so, the payer is known, and the
 * Worker does not send a second login, in which WeChat would refuse the code as used.
 */
export const knowsCode = (attempt: Attempt, codeHash: string, now: UnixSeconds): boolean =>
  attempt.codeHash === codeHash &&
  attempt.codeAt !== undefined &&
  now < later(attempt.codeAt, CODE_LIFE_S)
