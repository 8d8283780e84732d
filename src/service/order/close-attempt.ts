import { isOurs } from '../../core/merchant.ts'
import { type Attempt, isInFlight, isLive, mayBeOurs } from '../../core/order/attempt.ts'
import { type AttemptEnd, findAttempt, type OrderView } from '../../core/order/order.ts'
import type { Deps } from '../../ports/deps.ts'
import { applyEvent } from '../apply-event.ts'
import { type AttemptStatus, queryAttempt } from './query-attempt.ts'

type CloseAttemptDeps = Pick<
  Deps,
  'config' | 'deliverSoon' | 'log' | 'now' | 'orders' | 'reviews' | 'wechat'
>

/** The outcome of closing an attempt or an order. A new attempt may open only after `closed`. */
export type CloseOutcome = Readonly<
  | { kind: 'closed'; view: OrderView }
  | { kind: 'paid'; view: OrderView }
  /**
   * Not closed yet: unifiedorder is in flight, the payer is paying, or WeChat has not confirmed the close. `isAnswered`:
   * whether WeChat said so.
   */
  | { kind: 'busy'; isAnswered: boolean }
  /** WeChat gave no clear answer, so the attempt may still be open. */
  | { kind: 'unknown' }
  /** The attempt belongs to another merchant number, about which WeChat cannot be asked. It may be paid. */
  | { kind: 'other_merchant' }
>

/**
 * Makes sure that the payer can no longer pay an attempt, or finds out that the payer has paid: query, close,
 * query again. The reply to closeorder proves nothing. Only a query counts that says CLOSED, or that WeChat
 * has no such order. An order that cannot be ours is left as it is at WeChat: the attempt ends here. Safe to call
 * at any time, concurrently, and again after a crash at any point.
 */
export async function closeAttempt(
  deps: CloseAttemptDeps,
  view: OrderView,
  attempt: Attempt,
): Promise<CloseOutcome> {
  if (!isOurs(attempt.terms, deps.config)) return closeOfOtherMerchant(deps, view, attempt)
  if (isInFlight(attempt, deps.now())) return { kind: 'busy', isAnswered: false }

  const before = await queryAttempt(deps, view, attempt)
  const canBePaid = before.kind === 'unpaid' || before.kind === 'user_paying'
  if (canBePaid && !mayBeOurs(attempt)) return end(deps, view, attempt, 'number_used')
  if (before.kind !== 'unpaid') return conclude(deps, view, attempt, before)

  // `attempt_closing` is stored before closeorder is sent: from then on no request signs this attempt
  // again, even if this request crashes.
  const { outTradeNo } = attempt
  const closing = await applyEvent(deps, view, { type: 'attempt_closing', outTradeNo })
  if (!closing.ok) return storedOutcome(deps, view, attempt)

  const reply = await deps.wechat.closeOrder(outTradeNo, attempt.terms)
  if (reply.kind === 'unknown') {
    const { ordercode } = view.order
    deps.log({
      event: 'close_unanswered',
      ordercode,
      out_trade_no: outTradeNo,
      reason: reply.cause,
    })
    return { kind: 'unknown' }
  }
  // A second query decides, not the reply to closeorder: WeChat has replied "closed" while a payer was
  // paying, and a reply "paid" does not contain the payment to record.
  const after = await queryAttempt(deps, closing.value, attempt)
  return conclude(deps, closing.value, attempt, after)
}

/**
 * Closes an attempt of another merchant number without asking WeChat, which only the operator can decide: by giving the
 * number up. Until its `time_expire` the attempt may still be paid there.
 */
async function closeOfOtherMerchant(
  deps: Pick<Deps, 'deliverSoon' | 'now' | 'orders'>,
  view: OrderView,
  attempt: Attempt,
): Promise<CloseOutcome> {
  const merchants = await deps.orders.otherMerchants()
  const isGivenUp = merchants.some(
    ({ mchId, givenUpAt }) => mchId === attempt.terms.mchId && givenUpAt !== undefined,
  )
  return isGivenUp && deps.now() >= attempt.terms.timeExpire
    ? end(deps, view, attempt, 'settled_by_person')
    : { kind: 'other_merchant' }
}

async function conclude(
  deps: Pick<Deps, 'deliverSoon' | 'now' | 'orders'>,
  view: OrderView,
  attempt: Attempt,
  status: AttemptStatus,
): Promise<CloseOutcome> {
  switch (status.kind) {
    case 'paid':
      return { kind: 'paid', view: status.view }
    case 'closed':
    case 'returned':
      return { kind: 'closed', view: status.view }
    case 'absent':
      // unifiedorder is no longer in flight, and WeChat has
      // no such order: the payer can never pay this attempt.
      return end(deps, view, attempt, 'absent_at_wechat')
    case 'rejected':
    case 'unpaid':
    case 'user_paying':
      return { kind: 'busy', isAnswered: true }
    case 'unknown':
      return { kind: 'unknown' }
  }
}

async function end(
  deps: Pick<Deps, 'deliverSoon' | 'now' | 'orders'>,
  view: OrderView,
  attempt: Attempt,
  reason: AttemptEnd,
): Promise<CloseOutcome> {
  const { outTradeNo } = attempt
  const closed = await applyEvent(deps, view, { type: 'attempt_closed', outTradeNo, reason })
  return closed.ok ? { kind: 'closed', view: closed.value } : storedOutcome(deps, view, attempt)
}

/** Reads the outcome that a concurrent request has stored, when that request changed the attempt first. */
async function storedOutcome(
  deps: Pick<Deps, 'orders'>,
  view: OrderView,
  attempt: Attempt,
): Promise<CloseOutcome> {
  const fresh = await deps.orders.load(view.order.ordercode)
  if (fresh === undefined) return { kind: 'unknown' }
  if (fresh.order.state === 'paid') return { kind: 'paid', view: fresh }
  const current = findAttempt(fresh, attempt.outTradeNo)
  return current === undefined || isLive(current)
    ? { kind: 'busy', isAnswered: false }
    : { kind: 'closed', view: fresh }
}
