import type { OrderEvent, OrderView } from '../core/order/order.ts'
import type { Rejection } from '../core/order/rejection.ts'
import { transition } from '../core/order/transition.ts'
import { err, ok, type Result } from '../lib/result.ts'
import type { Deps } from '../ports/deps.ts'

/**
 * The maximum number of times that a caller tries to write an event. WeChat may
 * report ten refunds of one order at the same moment, and the slowest of ten
 * writers loses nine times. After twelve losses the outcome is `contended`.
 */
const ROUNDS_MAX = 12

/**
 * Why an event was not applied. `contended`: concurrent
 * requests kept changing the order; the caller may retry.
 */
export type ApplyError = Rejection | Readonly<{ reason: 'contended' }>

/**
 * Applies an event to a stored order: `transition` decides, and the outcome is written with a
 * compare-and-set on the revision. When a concurrent request changed the order first, the order is read
 * again and the event is decided again. Applying an event twice has the same outcome as applying it once.
 *
 * @param before The order as the caller read it; it may be out of date.
 * @returns the order after the event.
 */
export async function applyEvent(
  deps: Pick<Deps, 'deliverSoon' | 'now' | 'orders'>,
  before: OrderView,
  event: OrderEvent,
): Promise<Result<OrderView, ApplyError>> {
  let view = before
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const applied = await applyToExactly(deps, view, event)
    if (applied.ok || applied.error.reason !== 'contended') return applied
    const fresh = await deps.orders.load(view.order.ordercode)
    if (fresh === undefined) return err({ reason: 'unknown_order' })
    view = fresh
  }
  return err({ reason: 'contended' })
}

/**
 * Applies an event like {@link applyEvent}, but only if the order has not changed since `before` was read.
 * Meant for events that were derived from `before`: an attempt that was opened at the order's price must not
 * be applied after the shop has changed the price.
 *
 * @returns `contended` when the order has changed.
 */
export async function applyToExactly(
  deps: Pick<Deps, 'deliverSoon' | 'now' | 'orders'>,
  before: OrderView,
  event: OrderEvent,
): Promise<Result<OrderView, ApplyError>> {
  const now = deps.now()
  const step = transition(before, event, now)
  if (!step.ok) return step
  if (step.value.kind === 'unchanged') return ok(before)
  const webhookIds = await deps.orders.commit(before, event, step.value, now)
  if (webhookIds === 'stale') return err({ reason: 'contended' })
  deps.deliverSoon(webhookIds)
  return ok(step.value.after)
}
