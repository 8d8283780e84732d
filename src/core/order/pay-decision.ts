/** What `/pay` does next for a payer who logged in. Pure: it reads the order and decides. */
import { later, MINUTE_S, type UnixSeconds } from '../time.ts'
import { type Attempt, type FrozenTerms, hasUsablePrepay } from './attempt.ts'
import { liveAttempt, nextOutTradeNo, type OrderView } from './order.ts'

export type Payer = Readonly<{ openid: string; ip: string; codeHash: string }>
export type MerchantTerms = Pick<FrozenTerms, 'appid' | 'mchId' | 'notifyUrl' | 'signType'>

export type PayDecision = Readonly<
  | { kind: 'refuse'; reason: 'not_your_order' | 'order_paid' | 'order_closed' | 'order_busy' }
  /** Sign the prepay_id that is there. */
  | { kind: 'sign'; attempt: Attempt; prepayId: string }
  /** Send the same unifiedorder again. */
  | { kind: 'resend'; attempt: Attempt }
  /** The live attempt is not this payer's, or dead: query, close, query. */
  | { kind: 'close_attempt'; attempt: Attempt }
  /** The order expired, and the cron has not come by yet. */
  | { kind: 'close' }
  | { kind: 'open'; attempt: Attempt }
>

/**
 * WeChat refuses a number that lives less than five minutes. The rest is for its clock, ours, and
 * the way there.
 */
const ATTEMPT_LIFE_MIN_S = 5 * MINUTE_S + 20
/** So many numbers of an order go as fast as payers change their minds; see {@link mayReplace}. */
const FREE_ATTEMPTS = 5

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
 * Whether an attempt may make room for another. An order has twenty numbers: the first few go as fast
 * as payers change their minds, the others not faster than one a minute, so that two people tapping
 * against each other do not use them up.
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
  // Its expiry moves once; after that, whoever comes in the last minutes comes too late.
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

/** Same payer, same goods, same merchant. A new IP is not a new payer: the frozen one is sent again. */
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
