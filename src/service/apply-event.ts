import type { OrderEvent, OrderView } from '../core/order/order.ts'
import type { Rejection } from '../core/order/rejection.ts'
import { transition } from '../core/order/transition.ts'
import { webhookId } from '../core/webhook.ts'
import { err, ok, type Result } from '../lib/result.ts'
import type { Deps } from '../ports/deps.ts'

/** Ten refunds of one order may be told of at once; whoever loses more often than that is not alone. */
const ROUNDS_MAX = 12

export type ApplyError = Rejection | Readonly<{ reason: 'contended' }>

/**
 * The door through which an order changes: decide, write with compare-and-set, and when somebody was
 * quicker read and decide again. Applying the same event twice is the same as once.
 *
 * @param before As read last; older is fine.
 * @returns the order as it is afterwards.
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
 * The same, but only if nothing changed since `before`: for an event that was made out of the order
 * as it was then, its price for one, and may not be put on another.
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
  if ((await deps.orders.commit(before, event, step.value, now)) === 'stale') {
    return err({ reason: 'contended' })
  }
  deps.deliverSoon(step.value.webhooks.map(webhookId))
  return ok(step.value.after)
}
