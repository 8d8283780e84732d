import { type Attempt, isInFlight } from '../../core/order/attempt.ts'
import { findAttempt, type OrderView } from '../../core/order/order.ts'
import type { Deps } from '../../ports/deps.ts'
import { applyEvent } from '../apply-event.ts'
import { type AttemptStatus, queryAttempt } from './query-attempt.ts'

type CloseAttemptDeps = Pick<
  Deps,
  'config' | 'deliverSoon' | 'log' | 'now' | 'orders' | 'reviews' | 'wechat'
>

/** What became of an attempt that was to be taken down. Only `closed` lets another one be opened. */
export type CloseOutcome = Readonly<
  | { kind: 'closed'; view: OrderView }
  | { kind: 'paid'; view: OrderView }
  /** It cannot be closed yet: in flight, being paid, or WeChat does not confirm. */
  | { kind: 'busy' }
  | { kind: 'unknown' }
>

/**
 * Makes sure that an attempt can never be paid again, or finds out that it was: query, close, query.
 * Only WeChat's own CLOSED counts. Safe at any time, by several at once, and after a crash anywhere.
 */
export async function closeAttempt(
  deps: CloseAttemptDeps,
  view: OrderView,
  attempt: Attempt,
): Promise<CloseOutcome> {
  if (isInFlight(attempt, deps.now())) return { kind: 'busy' }

  const before = await queryAttempt(deps, view, attempt)
  if (before.kind !== 'unpaid') return conclude(deps, view, attempt, before)

  // Stored before it is sent: from here on nobody signs this attempt again, whatever happens to us.
  const { outTradeNo } = attempt
  const closing = await applyEvent(deps, view, { type: 'attempt_closing', outTradeNo })
  if (!closing.ok) return storedOutcome(deps, view, attempt)

  const reply = await deps.wechat.closeOrder(outTradeNo)
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
  // "Closed" has been seen to race a payer, and "paid" must be booked: the query says what is true.
  const after = await queryAttempt(deps, closing.value, attempt)
  return conclude(deps, closing.value, attempt, after)
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
      return { kind: 'closed', view: status.view }
    case 'absent': {
      // Not in flight any more, and WeChat never heard of it.
      const { outTradeNo } = attempt
      const reason = 'absent_at_wechat'
      const closed = await applyEvent(deps, view, { type: 'attempt_closed', outTradeNo, reason })
      return closed.ok ? { kind: 'closed', view: closed.value } : storedOutcome(deps, view, attempt)
    }
    case 'rejected':
    case 'unpaid':
    case 'user_paying':
      return { kind: 'busy' }
    case 'unknown':
      return { kind: 'unknown' }
  }
}

/** Somebody else was at it: what is true now is what they wrote. */
async function storedOutcome(
  deps: Pick<Deps, 'orders'>,
  view: OrderView,
  attempt: Attempt,
): Promise<CloseOutcome> {
  const fresh = await deps.orders.load(view.order.ordercode)
  if (fresh === undefined) return { kind: 'unknown' }
  if (fresh.order.state === 'paid') return { kind: 'paid', view: fresh }
  return findAttempt(fresh, attempt.outTradeNo)?.state === 'closed'
    ? { kind: 'closed', view: fresh }
    : { kind: 'busy' }
}
