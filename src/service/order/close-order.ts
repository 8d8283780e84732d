import { type CloseReason, liveAttempt, type OrderView } from '../../core/order/order.ts'
import type { Deps } from '../../ports/deps.ts'
import { applyEvent } from '../apply-event.ts'
import { takeDownAttempt, type TakenDown } from './close-attempt.ts'

/** Closes an order: first what is live at WeChat, then here. `closed` and `paid` are final. */
export async function closeOrder(
  deps: Deps,
  view: OrderView,
  reason: CloseReason,
): Promise<TakenDown> {
  let current = view
  const attempt = liveAttempt(current)
  if (attempt !== undefined) {
    const taken = await takeDownAttempt(deps, current, attempt)
    if (taken.outcome !== 'closed') return (await paidMeanwhile(deps, view)) ?? taken
    current = taken.view
  }
  if (current.order.state === 'paid') return { outcome: 'paid', view: current }
  const closed = await applyEvent(deps, current, { type: 'order_closed', reason })
  if (!closed.ok) return (await paidMeanwhile(deps, view)) ?? { outcome: 'busy' }
  deps.log({ event: 'order_closed', ordercode: view.order.ordercode, reason })
  return { outcome: 'closed', view: closed.value }
}

async function paidMeanwhile(deps: Deps, view: OrderView): Promise<TakenDown | undefined> {
  const fresh = await deps.store.load(view.order.ordercode)
  return fresh?.order.state === 'paid' ? { outcome: 'paid', view: fresh } : undefined
}
