import {
  expiryUnder,
  liveAttempt,
  type OrderView,
  sameTerms,
  type Terms,
} from '../../core/order/order.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import type { Deps } from '../../ports/deps.ts'
import { applyToExactly } from '../apply-event.ts'
import { closeAttempt } from './close-attempt.ts'

type RegisterOrderDeps = Pick<
  Deps,
  'config' | 'deliverSoon' | 'log' | 'now' | 'orders' | 'reviews' | 'wechat'
>

export type RegisterError = Readonly<{
  reason: 'order_paid' | 'order_closed' | 'revision_conflict' | 'wechat_unavailable' | 'contended'
}>

export type Registered = Readonly<{ created: boolean; view: OrderView }>

/** A change that loses against a payer opening an attempt takes that one down too, a few times. */
const ROUNDS_MAX = 4

/**
 * Registers an order, or states it anew. What is there already with the same terms is left as it is,
 * whatever became of it: the shop's repeated request is not a change.
 *
 * @param revision The one that the shop believes is current; undefined when it does not care.
 */
export async function registerOrder(
  deps: RegisterOrderDeps,
  ordercode: string,
  terms: Terms,
  revision: number | undefined,
): Promise<Result<Registered, RegisterError>> {
  // A condition on an order that is not there cannot hold, so nothing may be registered under it.
  const present =
    revision === undefined
      ? await deps.orders.register(ordercode, terms, deps.now())
      : { created: false, view: await deps.orders.load(ordercode) }
  if (present.view === undefined) return err({ reason: 'revision_conflict' })
  if (present.created) {
    deps.log({ event: 'order_registered', ordercode })
    return ok({ created: true, view: present.view })
  }

  let view: OrderView | undefined = present.view
  for (let round = 0; round < ROUNDS_MAX && view !== undefined; round++) {
    const { order } = view
    if (sameTerms(order.terms, terms)) return ok({ created: false, view })
    if (revision !== undefined && revision !== order.revision) {
      return err({ reason: 'revision_conflict' })
    }
    if (order.state === 'paid') return err({ reason: 'order_paid' })
    if (order.state === 'closed' || expiryUnder(order, terms) <= deps.now()) {
      return err({ reason: 'order_closed' })
    }

    const changed = await changeOnce(deps, view, terms)
    if (changed !== 'again') return changed
    view = await deps.orders.load(ordercode)
  }
  return err({ reason: 'contended' })
}

async function changeOnce(
  deps: RegisterOrderDeps,
  view: OrderView,
  terms: Terms,
): Promise<Result<Registered, RegisterError> | 'again'> {
  let current = view
  const attempt = liveAttempt(view)
  if (attempt !== undefined) {
    // Nothing may be paid at the old price after this request was answered.
    const taken = await closeAttempt(deps, view, attempt)
    switch (taken.kind) {
      case 'paid':
        return err({ reason: 'order_paid' })
      case 'busy':
      case 'unknown':
        return err({ reason: 'wechat_unavailable' })
      case 'closed':
        current = taken.view
    }
  }
  const changed = await applyToExactly(deps, current, { type: 'order_changed', terms })
  if (!changed.ok) return 'again'
  deps.log({ event: 'order_changed', ordercode: view.order.ordercode })
  return ok({ created: false, view: changed.value })
}
