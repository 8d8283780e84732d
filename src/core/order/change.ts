/** What a transition answers, and how every change is made. */
import { err, ok, type Result } from '../../lib/result.ts'
import { type Review, reviewId } from '../review.ts'
import type { Webhook } from '../webhook.ts'
import type { Order, OrderView } from './order.ts'
import type { Rejection } from './rejection.ts'

/** `unchanged` is success: the event says what the order already knows. */
export type Step = Change | Readonly<{ kind: 'unchanged' }>

export type Change = Readonly<{
  kind: 'changed'
  after: OrderView
  /** Written in the same batch: what the shop is told, and what a person must look at. */
  webhooks: readonly Webhook[]
  reviews: readonly Review[]
}>

export const unchanged = ok<Step>({ kind: 'unchanged' })
export const illegal = err<Rejection>({ reason: 'illegal_transition' })

/** Every change adds one to the revision; a review tells the shop of itself. */
export function changed(
  before: OrderView,
  change: Partial<OrderView>,
  order: Partial<Order> = {},
  webhooks: readonly Pick<Webhook, 'type' | 'subject'>[] = [],
  reviews: readonly Review[] = [],
): Result<Step, never> {
  const { ordercode } = before.order
  const revision = before.order.revision + 1
  const told = [
    ...webhooks,
    ...reviews.map((review) => ({ type: 'review.opened', subject: reviewId(review) }) as const),
  ]
  return ok({
    kind: 'changed',
    after: { ...before, ...change, order: { ...before.order, ...order, revision } },
    webhooks: told.map((webhook) => ({ ...webhook, ordercode, revision })),
    reviews,
  })
}
