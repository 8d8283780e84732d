import { type Attempt, isInFlight } from '../../core/order/attempt.ts'
import { findAttempt, type OrderView } from '../../core/order/order.ts'
import type { Deps } from '../../ports/deps.ts'
import { applyEvent } from '../apply-event.ts'
import { queryAttempt, type Standing } from './query-attempt.ts'

/** What became of an attempt that was to be taken down. Only `closed` lets another one be opened. */
export type TakenDown = Readonly<
  | { outcome: 'closed'; view: OrderView }
  | { outcome: 'paid'; view: OrderView }
  /** It cannot be closed yet: in flight, being paid, or WeChat does not confirm. */
  | { outcome: 'busy' }
  | { outcome: 'unknown' }
>

/**
 * Makes sure that an attempt can never be paid again, or finds out that it was: query, close, query.
 * Only WeChat's own CLOSED counts. Safe at any time, by several at once, and after a crash anywhere.
 */
export async function takeDownAttempt(
  deps: Deps,
  view: OrderView,
  attempt: Attempt,
): Promise<TakenDown> {
  if (isInFlight(attempt, deps.now())) return { outcome: 'busy' }

  const before = await queryAttempt(deps, view, attempt)
  if (before.standing !== 'unpaid') return conclude(deps, view, attempt, before)

  // Stored before it is sent: from here on nobody signs this attempt again, whatever happens to us.
  const { outTradeNo } = attempt
  const closing = await applyEvent(deps, view, { type: 'attempt_closing', outTradeNo })
  if (!closing.ok) return standingNow(deps, view, attempt)

  const reply = await deps.wechat.closeOrder(outTradeNo)
  if (reply.kind === 'unknown') {
    const { ordercode } = view.order
    deps.log({
      event: 'close_unanswered',
      ordercode,
      out_trade_no: outTradeNo,
      reason: reply.cause,
    })
    return { outcome: 'unknown' }
  }
  // "Closed" has been seen to race a payer, and "paid" must be booked: the query says what is true.
  const after = await queryAttempt(deps, closing.value, attempt)
  return conclude(deps, closing.value, attempt, after)
}

async function conclude(
  deps: Deps,
  view: OrderView,
  attempt: Attempt,
  standing: Standing,
): Promise<TakenDown> {
  switch (standing.standing) {
    case 'paid':
      return { outcome: 'paid', view: standing.view }
    case 'closed':
      return { outcome: 'closed', view: standing.view }
    case 'absent': {
      // Not in flight any more, and WeChat never heard of it.
      const { outTradeNo } = attempt
      const reason = 'absent_at_wechat'
      const closed = await applyEvent(deps, view, { type: 'attempt_closed', outTradeNo, reason })
      return closed.ok
        ? { outcome: 'closed', view: closed.value }
        : standingNow(deps, view, attempt)
    }
    case 'rejected':
    case 'unpaid':
    case 'user_paying':
      return { outcome: 'busy' }
    case 'unknown':
      return { outcome: 'unknown' }
  }
}

/** Somebody else was at it: what is true now is what they wrote. */
async function standingNow(deps: Deps, view: OrderView, attempt: Attempt): Promise<TakenDown> {
  const fresh = await deps.store.load(view.order.ordercode)
  if (fresh === undefined) return { outcome: 'unknown' }
  if (fresh.order.state === 'paid') return { outcome: 'paid', view: fresh }
  return findAttempt(fresh, attempt.outTradeNo)?.state === 'closed'
    ? { outcome: 'closed', view: fresh }
    : { outcome: 'busy' }
}
