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

/** Why an order was not registered or changed. `contended`: concurrent requests kept changing the order. */
export type RegisterError = Readonly<{
  reason:
    | 'order_paid'
    | 'order_closed'
    | 'revision_conflict'
    | 'wechat_unavailable'
    | 'other_merchant'
    | 'contended'
}>

/** The stored order. `created` is false when the order existed before this request, changed by it or not. */
export type Registered = Readonly<{ created: boolean; view: OrderView }>

/**
 * The maximum number of tries to change an order. Each round
 * closes one attempt, and meanwhile a payer may open a new one.
 */
const ROUNDS_MAX = 4

/**
 * Registers an order, or changes the terms of an order that can still be paid. A request that repeats the
 * stored terms succeeds in every state of the order and changes nothing.
 *
 * @param revision The revision that the order must have, from the shop's `If-Match`; undefined for any.
 */
export async function registerOrder(
  deps: RegisterOrderDeps,
  ordercode: string,
  terms: Terms,
  revision: number | undefined,
): Promise<Result<Registered, RegisterError>> {
  // An order that does not exist has no revision, so a request that demands a revision registers nothing.
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
    // The live attempt is closed first: after this request is answered, no payer may pay the old price.
    const outcome = await closeAttempt(deps, view, attempt)
    switch (outcome.kind) {
      case 'paid':
        return err({ reason: 'order_paid' })
      case 'busy':
      case 'unknown':
        return err({ reason: 'wechat_unavailable' })
      case 'other_merchant':
        return err({ reason: 'other_merchant' })
      case 'closed':
        current = outcome.view
    }
  }
  const changed = await applyToExactly(deps, current, { type: 'order_changed', terms })
  if (!changed.ok) return 'again'
  deps.log({ event: 'order_changed', ordercode: view.order.ordercode })
  return ok({ created: false, view: changed.value })
}
