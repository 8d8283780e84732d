/**
 * Decides what `/pay` does next for a payer who has logged in, and what `/result` shows a payer. Pure: the caller
 * takes the step.
 */
import { ATTEMPTS_MAX } from '../ids.ts'
import type { Fen } from '../money.ts'
import { later, MINUTE_S, type UnixSeconds } from '../time.ts'
import { type Attempt, type FrozenTerms, hasUsablePrepay } from './attempt.ts'
import {
  liveAttempt,
  nextOutTradeNo,
  type Order,
  type OrderState,
  type OrderView,
} from './order.ts'

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
 * The number of attempts that an order may open as fast as payers change their minds: a household with two
 * phones needs a few. Later ones are paced; see {@link mayReplace}.
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
  if (isOfAnotherPayer(view, payer.openid)) return { kind: 'refuse', reason: 'order_closed' }
  if (order.state === 'paid') return { kind: 'refuse', reason: 'order_paid' }
  if (order.state === 'closed') return { kind: 'refuse', reason: 'order_closed' }
  if (now >= order.expiresAt) return { kind: 'close' }

  const attempt = liveAttempt(view)
  if (attempt === undefined) return decideOpen(view, payer, merchant, now)
  if (attempt.state !== 'open' || !isSamePurchase(attempt, view, payer, merchant)) {
    // A closing attempt, or one of the same payer, cannot be paid as it is, so it need not keep its place.
    const keepsItsPlace = attempt.state === 'open' && attempt.terms.openid !== payer.openid
    return keepsItsPlace && !mayReplace(view, attempt, now)
      ? { kind: 'refuse', reason: 'order_busy' }
      : { kind: 'close_attempt', attempt }
  }
  if (attempt.prepayId !== undefined && hasUsablePrepay(attempt, now)) {
    return { kind: 'sign', attempt, prepayId: attempt.prepayId }
  }
  return now < attempt.terms.timeExpire
    ? { kind: 'resend', attempt }
    : { kind: 'close_attempt', attempt }
}

/**
 * Whether the next attempt may take the place of a live one now. An order has twenty attempts. The first five
 * follow one another at once. After that a live attempt gives way only once it is older than the time left until
 * the order expires, divided by the number of attempts left. So the attempts last until the expiry, however many
 * payers tap in turn. An attempt also stays when no other could be opened.
 */
export function mayReplace(view: OrderView, attempt: Attempt, now: UnixSeconds): boolean {
  const { order, attempts } = view
  const left = ATTEMPTS_MAX - attempts.length
  if (left === 0 || nextTimeExpire(order, now) === undefined) return false
  const age = now - attempt.terms.timeStart
  return attempts.length < FREE_ATTEMPTS || age * left > order.expiresAt - now
}

/**
 * The `time_expire` of an attempt that is opened now: the order's expiry, or the earliest time that WeChat
 * accepts.
 *
 * @returns undefined when WeChat accepts no time that is early enough: the order's expiry is extended only once.
 */
function nextTimeExpire(order: Order, now: UnixSeconds): UnixSeconds | undefined {
  const earliest = later(now, ATTEMPT_LIFE_MIN_S)
  if (earliest <= order.expiresAt) return order.expiresAt
  return order.extended ? undefined : earliest
}

/**
 * Whether the payments of the order are all of other payers. To `openid` such an order is closed, so that no
 * payer learns of another's payment. A payer with a live attempt can still pay: the payments of the others go
 * back.
 */
function isOfAnotherPayer(view: OrderView, openid: string | undefined): boolean {
  const { order, payments } = view
  if (order.state === 'paid') {
    return !payments.some(
      (payment) => payment.transactionId === order.transactionId && payment.openid === openid,
    )
  }
  const isPayer = payments.some((payment) => payment.openid === openid)
  return payments.length > 0 && !isPayer && liveAttempt(view)?.terms.openid !== openid
}

/** What `/result` shows one payer of an order. */
export type PayerResult = Readonly<{
  state: OrderState
  /** The order's price. If the order is closed to this payer: the amount of the payer's own last attempt. */
  totalFee: Fen
  paidAt: UnixSeconds | undefined
}>

/**
 * What `/result` shows a payer who was at the cashier for this order. The order is closed to the payer as soon as
 * another payer has the live attempt, and stays closed when that payer pays. So neither the moment of another's
 * payment shows, nor a price that the shop has changed for it.
 *
 * @param openid The payer; undefined when the payer has neither an attempt nor a payment.
 */
export function resultFor(view: OrderView, openid: string | undefined): PayerResult {
  const { order, attempts } = view
  const holder = liveAttempt(view)?.terms.openid ?? order.terms.openid
  const isHeld = order.state !== 'paid' && holder !== undefined && holder !== openid
  const state = isHeld || isOfAnotherPayer(view, openid) ? 'closed' : order.state
  const own = attempts.findLast((attempt) => attempt.terms.openid === openid)
  return {
    state,
    totalFee: state === 'closed' && own !== undefined ? own.terms.totalFee : order.terms.totalFee,
    paidAt: state === 'paid' ? order.paidAt : undefined,
  }
}

function decideOpen(
  view: OrderView,
  payer: Payer,
  merchant: MerchantTerms,
  now: UnixSeconds,
): PayDecision {
  const { order } = view
  const outTradeNo = nextOutTradeNo(view)
  const timeExpire = nextTimeExpire(order, now)
  if (outTradeNo === undefined || timeExpire === undefined) {
    return { kind: 'refuse', reason: 'order_closed' }
  }
  const { expiresIn: _, ...goods } = order.terms
  return {
    kind: 'open',
    attempt: {
      outTradeNo,
      number: (view.attempts.at(-1)?.number ?? 0) + 1,
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
      unansweredAt: undefined,
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
