/** Decides what `/pay` does next for a payer who has logged in. Pure: the caller takes the step. */
import { later, MINUTE_S, type UnixSeconds } from '../time.ts'
import { type Attempt, type FrozenTerms, hasUsablePrepay } from './attempt.ts'
import { liveAttempt, nextOutTradeNo, type OrderView } from './order.ts'

/** Who calls `/pay`: the openid from the login, the IP address, and the SHA-256 of the login code. */
export type Payer = Readonly<{ openid: string; ip: string; codeHash: string }>

/** The terms of a payment attempt that come from the Worker's configuration. */
export type MerchantTerms = Pick<FrozenTerms, 'appid' | 'mchId' | 'notifyUrl' | 'signType'>

/** The next step of the Worker in answering a `/pay` request. */
export type PayDecision = Readonly<
  | { kind: 'refuse'; reason: 'not_your_order' | 'order_paid' | 'order_closed' | 'order_busy' }
  /** Sign the prepay_id that the attempt has. */
  | { kind: 'sign'; attempt: Attempt; prepayId: string }
  /** Send the attempt's unifiedorder again: its prepay_id is missing, or expires too soon. */
  | { kind: 'resend'; attempt: Attempt }
  /**
   * Close the live attempt, then decide again: the attempt
   * has another payer or other terms, or it has expired.
   */
  | { kind: 'close_attempt'; attempt: Attempt }
  /** Close the order: it has expired, and the cron has not closed it yet. */
  | { kind: 'close' }
  /** Store the new attempt, then send its unifiedorder. */
  | { kind: 'open'; attempt: Attempt }
>

/**
 * The minimum time from the opening of an attempt to its `time_expire`, in seconds. WeChat refuses a
 * `time_expire` less than five minutes away. The twenty seconds are for the difference between WeChat's clock
 * and ours, and for the time on the way.
 */
const ATTEMPT_LIFE_MIN_S = 5 * MINUTE_S + 20
/**
 * The number of attempts that an order may open without a pause. Each later one replaces an attempt that is
 * at least a minute old; see {@link mayReplace}.
 */
const FREE_ATTEMPTS = 5

/**
 * Decides the next step of `/pay`. The caller takes the step only if the order has not changed since `view`
 * was read; otherwise the caller reads the order and decides again.
 */
export function decidePay(
  view: OrderView,
  payer: Payer,
  merchant: MerchantTerms,
  now: UnixSeconds,
): PayDecision {
  const { order } = view
  if (order.terms.openid !== undefined && order.terms.openid !== payer.openid) {
    return { kind: 'refuse', reason: 'not_your_order' }
  }
  if (order.state === 'paid') return { kind: 'refuse', reason: 'order_paid' }
  if (order.state === 'closed') return { kind: 'refuse', reason: 'order_closed' }
  if (now >= order.expiresAt) return { kind: 'close' }

  const attempt = liveAttempt(view)
  if (attempt === undefined) return decideOpen(view, payer, merchant, now)
  if (attempt.state !== 'open' || !isSamePurchase(attempt, view, payer, merchant)) {
    return mayReplace(view, attempt, now)
      ? { kind: 'close_attempt', attempt }
      : { kind: 'refuse', reason: 'order_busy' }
  }
  if (attempt.prepayId !== undefined && hasUsablePrepay(attempt, now)) {
    return { kind: 'sign', attempt, prepayId: attempt.prepayId }
  }
  return now < attempt.terms.timeExpire
    ? { kind: 'resend', attempt }
    : { kind: 'close_attempt', attempt }
}

/**
 * Whether a new attempt may replace the live one. An order has at most twenty attempts. The first few
 * may be replaced at any time, later ones only after a minute: otherwise two payers who tap in turn would use
 * up all attempts.
 */
export const mayReplace = (view: OrderView, attempt: Attempt, now: UnixSeconds): boolean =>
  view.attempts.length < FREE_ATTEMPTS || now >= later(attempt.terms.timeStart, MINUTE_S)

function decideOpen(
  view: OrderView,
  payer: Payer,
  merchant: MerchantTerms,
  now: UnixSeconds,
): PayDecision {
  const { order } = view
  const outTradeNo = nextOutTradeNo(view)
  const earliest = later(now, ATTEMPT_LIFE_MIN_S)
  const timeExpire = earliest > order.expiresAt ? earliest : order.expiresAt
  // The order's expiry is extended only once. After that, a payer who comes in the last minutes is refused.
  if (outTradeNo === undefined || (timeExpire > order.expiresAt && order.extended)) {
    return { kind: 'refuse', reason: 'order_closed' }
  }
  const { expiresIn: _, ...goods } = order.terms
  return {
    kind: 'open',
    attempt: {
      outTradeNo,
      number: view.attempts.length + 1,
      state: 'open',
      terms: {
        ...goods,
        appid: merchant.appid,
        mchId: merchant.mchId,
        notifyUrl: merchant.notifyUrl,
        signType: merchant.signType,
        openid: payer.openid,
        spbillCreateIp: payer.ip,
        timeStart: now,
        timeExpire,
      },
      sentAt: now,
      answeredAt: undefined,
      prepayId: undefined,
      prepayExpiresAt: undefined,
      codeHash: payer.codeHash,
      codeAt: now,
      closedAt: undefined,
    },
  }
}

/**
 * Whether the attempt has the payer, goods and merchant of this `/pay` request. A new IP address is fine: the
 * attempt's stored address is sent again.
 */
function isSamePurchase(
  { terms: frozen }: Attempt,
  { order: { terms } }: OrderView,
  payer: Payer,
  merchant: MerchantTerms,
): boolean {
  return (
    frozen.openid === payer.openid &&
    frozen.appid === merchant.appid &&
    frozen.mchId === merchant.mchId &&
    frozen.totalFee === terms.totalFee &&
    frozen.body === terms.body &&
    frozen.attach === terms.attach &&
    frozen.detail === terms.detail &&
    frozen.goodsTag === terms.goodsTag &&
    frozen.limitPay === terms.limitPay
  )
}
