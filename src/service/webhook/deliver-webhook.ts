/** Tells the shop: one try of one webhook, and what follows from it. */
import { billJson } from '../../contract/bill.ts'
import { orderJson } from '../../contract/order.ts'
import { refundJson } from '../../contract/refund.ts'
import { reviewJson } from '../../contract/review.ts'
import type { BeijingDay } from '../../core/day.ts'
import type { OrderView } from '../../core/order/order.ts'
import { formatRfc3339 } from '../../core/time.ts'
import { nextTryAt } from '../../core/webhook.ts'
import { invariant } from '../../lib/result.ts'
import type { StoredDelivery } from '../../ports/delivery-store.ts'
import type { Deps } from '../../ports/deps.ts'
import { billReport } from '../bill/read-bill.ts'
import { openReview } from '../open-review.ts'

type DeliverWebhookDeps = Pick<
  Deps,
  'bills' | 'deliverSoon' | 'deliveries' | 'log' | 'now' | 'orders' | 'reviews' | 'webhooks'
>

/** Tries a webhook that was just written. The cron tries again whatever comes of it. */
export async function deliverFirst(deps: DeliverWebhookDeps, id: string): Promise<void> {
  const delivery = await deps.deliveries.find(id)
  if (delivery?.state === 'pending' && delivery.tries === 0) await deliverWebhook(deps, delivery)
}

/** Leases due webhooks to this run, the longest due first. */
export const claimDueWebhooks = (
  { deliveries, now }: Pick<Deps, 'deliveries' | 'now'>,
  limit: number,
): Promise<readonly StoredDelivery[]> => deliveries.claimDue(now(), limit)

/** One try. That the fact exists and that the shop knows it are separate: both are stored. */
export async function deliverWebhook(
  deps: DeliverWebhookDeps,
  delivery: StoredDelivery,
): Promise<'delivered' | 'failed' | 'given_up' | 'too_early'> {
  const body = delivery.body ?? (await renderBody(deps, delivery))
  // No try, so the row keeps its place on the ladder, and comes back when its lease ends.
  if (body === undefined) return 'too_early'
  const tried = await deps.webhooks.send({ id: delivery.id, body })

  const now = deps.now()
  const step = delivery.step + 1
  const dueAt = tried.delivered ? undefined : nextTryAt(step, now)
  const state = tried.delivered ? 'delivered' : dueAt === undefined ? 'given_up' : 'pending'
  const after: StoredDelivery = {
    ...delivery,
    state,
    body,
    tries: delivery.tries + 1,
    step,
    dueAt,
    triedAt: now,
    lastStatus: tried.status,
    lastError: tried.error,
    deliveredAt: tried.delivered ? now : undefined,
  }
  if (state === 'given_up') {
    // Before the state: a crash in between tries once more, and opens nothing twice.
    const { id, type, ordercode, tries } = after
    const evidence = { type, tries, last_error: tried.error ?? '' }
    await openReview(deps, { kind: 'webhook_given_up', subject: id, ordercode, evidence })
  }
  await deps.deliveries.saveTry(delivery, after)
  deps.log({
    event: 'webhook_tried',
    ...(delivery.ordercode === undefined ? {} : { ordercode: delivery.ordercode }),
    type: delivery.type,
    state,
    tries: after.tries,
    status: tried.status,
    ...(tried.error === undefined ? {} : { reason: tried.error }),
  })
  return state === 'pending' ? 'failed' : state
}

async function renderBody(
  deps: Pick<Deps, 'bills' | 'orders' | 'reviews'>,
  delivery: StoredDelivery,
): Promise<string | undefined> {
  const { type, createdAt } = delivery
  const data = await renderData(deps, delivery)
  if (data === undefined) return undefined
  return JSON.stringify({ type, timestamp: formatRfc3339(createdAt), data })
}

/** @returns undefined when the fact is in the making once more. */
async function renderData(
  deps: Pick<Deps, 'bills' | 'orders' | 'reviews'>,
  delivery: StoredDelivery,
): Promise<unknown> {
  if (delivery.type === 'review.opened') {
    const review = await deps.reviews.find(delivery.subject)
    invariant(review !== undefined, 'a review outlives its webhook')
    return reviewJson(review)
  }
  if (delivery.type === 'bill.reconciled') {
    const day = delivery.subject as BeijingDay
    const bill = await deps.bills.find(day)
    invariant(bill !== undefined, 'a bill outlives its webhook')
    // Somebody is reconciling the day anew, and the shop is not told half of it.
    if (bill.dueAt !== undefined) return undefined
    return billJson(await billReport(deps, bill))
  }
  const { ordercode, revision, subject } = delivery
  const view = ordercode === undefined ? undefined : await deps.orders.load(ordercode)
  invariant(view !== undefined && revision !== undefined, 'an order outlives its webhook')
  if (delivery.type === 'refund.succeeded' || delivery.type === 'refund.failed') {
    const refund = view.refunds.find(({ outRefundNo }) => outRefundNo === subject)
    invariant(refund !== undefined, 'a refund outlives its webhook')
    return { ...refundJson(refund, view.order.ordercode), revision }
  }
  const reviews = await deps.reviews.ofOrders([view.order.ordercode])
  const then = delivery.type === 'order.closed' ? asOfClosing(view) : view
  return { ...orderJson(then, reviews), revision }
}

/** A payment may have come since. The shop is told of that with its own webhook, and a later revision. */
const asOfClosing = (view: OrderView): OrderView => ({
  ...view,
  order: { ...view.order, state: 'closed', transactionId: undefined, paidAt: undefined },
  payments: [],
  refunds: [],
})
