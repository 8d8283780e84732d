import { type CloseReason, liveAttempt, type OrderView } from '../../core/order/order.ts'
import type { Deps } from '../../ports/deps.ts'
import { applyEvent } from '../apply-event.ts'
import { closeAttempt, type CloseOutcome } from './close-attempt.ts'

type CloseOrderDeps = Pick<
  Deps,
  'config' | 'deliverSoon' | 'log' | 'now' | 'orders' | 'reviews' | 'wechat'
>

/**
 * Closes an order: first its live attempt at WeChat, then the order in our records.
 *
 * @returns `closed` or `paid`, which are final; `busy` or `unknown` when the order cannot be closed yet.
 */
export async function closeOrder(
  deps: CloseOrderDeps,
  view: OrderView,
  reason: CloseReason,
): Promise<CloseOutcome> {
  let current = view
  const attempt = liveAttempt(current)
  if (attempt !== undefined) {
    const outcome = await closeAttempt(deps, current, attempt)
    if (outcome.kind !== 'closed') return (await paidMeanwhile(deps, view)) ?? outcome
    current = outcome.view
  }
  if (current.order.state === 'paid') return { kind: 'paid', view: current }
  const closed = await applyEvent(deps, current, { type: 'order_closed', reason })
  if (!closed.ok) return (await paidMeanwhile(deps, view)) ?? { kind: 'busy', isAnswered: false }
  deps.log({ event: 'order_closed', ordercode: view.order.ordercode, reason })
  return { kind: 'closed', view: closed.value }
}

/** Closes an order at the request of the shop. */
export async function closeForShop(
  deps: CloseOrderDeps,
  ordercode: string,
): Promise<CloseOutcome | Readonly<{ kind: 'order_not_found' }>> {
  const view = await deps.orders.load(ordercode)
  return view === undefined ? { kind: 'order_not_found' } : closeOrder(deps, view, 'shop')
}

/**
 * Reads the order again. @returns `paid` when a concurrent
 * request has recorded a payment, otherwise undefined.
 */
async function paidMeanwhile(
  deps: Pick<Deps, 'orders'>,
  view: OrderView,
): Promise<CloseOutcome | undefined> {
  const fresh = await deps.orders.load(view.order.ordercode)
  return fresh?.order.state === 'paid' ? { kind: 'paid', view: fresh } : undefined
}
