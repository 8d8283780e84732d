/** The outcome of a transition: what the store must write, or that nothing changes. */
import { err, ok, type Result } from '../../lib/result.ts'
import type { Review } from '../review.ts'
import type { Webhook } from '../webhook.ts'
import type { Attempt } from './attempt.ts'
import { nextRevision, type Order, type OrderView } from './order.ts'
import type { Rejection } from './rejection.ts'

/** What an event does to an order. `unchanged` is a success: the order already reflects the event. */
export type Step = Change | Readonly<{ kind: 'unchanged' }>

/** A changed order, with all that the store writes in one batch together with the event. */
export type Change = Readonly<{
  kind: 'changed'
  /** The order with its attempts, payments and refunds after the event. */
  after: OrderView
  /** The webhooks to write. The store adds a `review.opened` for each review that it opens. */
  webhooks: readonly Webhook[]
  /** The reviews to open, unless one about the same fact is open. */
  reviews: readonly Review[]
}>

/** The success without a change: the order already reflects the event. */
export const unchanged = ok<Step>({ kind: 'unchanged' })

/** The rejection of an event that the order's state does not allow. */
export const illegal = err<Rejection>({ reason: 'illegal_transition' })

/** The attempts of an order after one of them has changed. */
export const withAttempt = (view: OrderView, after: Attempt): readonly Attempt[] =>
  view.attempts.map((attempt) => (attempt.outTradeNo === after.outTradeNo ? after : attempt))

/**
 * Makes a change. Raises the order's revision.
 *
 * @param change The changed attempts, payments and refunds.
 * @param order The changed fields of the order itself.
 */
export function changed(
  before: OrderView,
  change: Partial<OrderView>,
  order: Partial<Order> = {},
  webhooks: readonly Pick<Webhook, 'type' | 'subject'>[] = [],
  reviews: readonly Review[] = [],
): Result<Step, never> {
  const { ordercode } = before.order
  const revision = nextRevision(before.order)
  return ok({
    kind: 'changed',
    after: { ...before, ...change, order: { ...before.order, ...order, revision } },
    webhooks: webhooks.map((webhook) => ({ ...webhook, ordercode, revision })),
    reviews,
  })
}
