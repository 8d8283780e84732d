import { type CloseReason, liveAttempt, type OrderView } from '../../core/order/order.ts'
import type { Deps } from '../../ports/deps.ts'
import { applyEvent } from '../apply-event.ts'
import { closeAttempt, type CloseOutcome } from './close-attempt.ts'

type CloseOrderDeps = Pick<
  Deps,
  'config' | 'deliverSoon' | 'log' | 'now' | 'orders' | 'reviews' | 'wechat'
>

/** Closes an order: first what is live at WeChat, then here. `closed` and `paid` are final. */
export async function closeOrder(
  deps: CloseOrderDeps,
  view: OrderView,
  reason: CloseReason,
): Promise<CloseOutcome> {
  let current = view
  const attempt = liveAttempt(current)
  if (attempt !== undefined) {
    const taken = await closeAttempt(deps, current, attempt)
    if (taken.kind !== 'closed') return (await paidMeanwhile(deps, view)) ?? taken
    current = taken.view
  }
  if (current.order.state === 'paid') return { kind: 'paid', view: current }
  const closed = await applyEvent(deps, current, { type: 'order_closed', reason })
  if (!closed.ok) return (await paidMeanwhile(deps, view)) ?? { kind: 'busy' }
  deps.log({ event: 'order_closed', ordercode: view.order.ordercode, reason })
  return { kind: 'closed', view: closed.value }
}

/** The shop's wish: the same, for an order that it names. */
export async function closeForShop(
  deps: CloseOrderDeps,
  ordercode: string,
): Promise<CloseOutcome | Readonly<{ kind: 'order_not_found' }>> {
  const view = await deps.orders.load(ordercode)
  return view === undefined ? { kind: 'order_not_found' } : closeOrder(deps, view, 'shop')
}

async function paidMeanwhile(
  deps: Pick<Deps, 'orders'>,
  view: OrderView,
): Promise<CloseOutcome | undefined> {
  const fresh = await deps.orders.load(view.order.ordercode)
  return fresh?.order.state === 'paid' ? { kind: 'paid', view: fresh } : undefined
}
