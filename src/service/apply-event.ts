import { type OrderEvent, type OrderView } from '../core/order.ts'
import { transition, type Rejection } from '../core/transition.ts'
import { err, ok, type Result } from '../core/result.ts'
import type { Deps } from './ports.ts'

/** Two writers racing is normal (a notice and the cron); a fourth loss in a row is not. */
const ROUNDS_MAX = 4

export type ApplyError = Rejection | Readonly<{ reason: 'contended' }>

/**
 * The door through which an order changes: decide, write with compare-and-set, and when somebody was
 * quicker read and decide again. Applying the same event twice is the same as once.
 *
 * @param before As read last; older is fine.
 * @returns the order as it is afterwards.
 */
export async function applyEvent(
  deps: Pick<Deps, 'store' | 'now'>,
  before: OrderView,
  event: OrderEvent,
): Promise<Result<OrderView, ApplyError>> {
  let view = before
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const now = deps.now()
    const step = transition(view, event, now)
    if (!step.ok) return step
    if (step.value.effect === 'unchanged') return ok(view)

    const { after } = step.value
    if ((await deps.store.commit(view, event, after, now)) === 'stored') return ok(after)
    const fresh = await deps.store.load(view.order.ordercode)
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
  deps: Pick<Deps, 'store' | 'now'>,
  before: OrderView,
  event: OrderEvent,
): Promise<Result<OrderView, ApplyError>> {
  const now = deps.now()
  const step = transition(before, event, now)
  if (!step.ok) return step
  if (step.value.effect === 'unchanged') return ok(before)
  const stored = await deps.store.commit(before, event, step.value.after, now)
  return stored === 'stored' ? ok(step.value.after) : err({ reason: 'contended' })
}
