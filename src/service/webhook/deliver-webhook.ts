/** One try of one webhook, and what the Worker does about its outcome. */
import { billJson } from '../../contract/bill.ts'
import { orderJson } from '../../contract/order.ts'
import { refundJson } from '../../contract/refund.ts'
import { reviewJson } from '../../contract/review.ts'
import type { BeijingDay } from '../../core/day.ts'
import type { OrderView } from '../../core/order/order.ts'
import type { Review } from '../../core/review.ts'
import { formatRfc3339 } from '../../core/time.ts'
import { nextTryAt } from '../../core/webhook.ts'
import { invariant } from '../../lib/result.ts'
import type { StoredDelivery } from '../../ports/delivery-store.ts'
import type { Deps } from '../../ports/deps.ts'
import { billReport } from '../bill/read-bill.ts'
import { reportOpened } from '../open-review.ts'

type DeliverWebhookDeps = Pick<
  Deps,
  'bills' | 'deliverSoon' | 'deliveries' | 'log' | 'now' | 'orders' | 'reviews' | 'webhooks'
>

/**
 * Makes the first try of a webhook that was just stored. If the try fails or is cut off, the cron repeats it.
 */
export async function deliverFirst(deps: DeliverWebhookDeps, id: string): Promise<void> {
  const delivery = await deps.deliveries.find(id)
  if (delivery?.state === 'pending' && delivery.tries === 0) await deliverWebhook(deps, delivery)
}

/** Leases due webhooks to this run, the longest due first. */
export const claimDueWebhooks = (
  { deliveries, now }: Pick<Deps, 'deliveries' | 'now'>,
  limit: number,
): Promise<readonly StoredDelivery[]> => deliveries.claimDue(now(), limit)

/**
 * Tries a webhook once and stores the outcome. A failed webhook changes nothing about its fact, which is
 * stored separately. If the last try of the retry schedule fails, a review opens.
 *
 * @returns `too_early` when nothing was sent, because the webhook's bill is being reconciled again.
 */
export async function deliverWebhook(
  deps: DeliverWebhookDeps,
  delivery: StoredDelivery,
): Promise<'delivered' | 'failed' | 'given_up' | 'too_early'> {
  const body = delivery.body ?? (await renderBody(deps, delivery))
  // Nothing was sent, so no try is counted: the webhook keeps its step in the retry schedule, and is due
  // again when its lease ends.
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
  const review = state === 'given_up' ? givenUpReview(after) : undefined
  const opened = await deps.deliveries.saveTry(delivery, after, review, now)
  if (review !== undefined && opened !== undefined) reportOpened(deps, review, opened)
  deps.log({
    event: 'webhook_tried',
    ...(delivery.ordercode === undefined ? {} : { ordercode: delivery.ordercode }),
    type: delivery.type,
    state,
    tries: after.tries,
    status: tried.status,
    ...(tried.error === undefined ? {} : { reason: tried.error }),
    ...((tried.words ?? '') === '' ? {} : { error: tried.words }),
  })
  return state === 'pending' ? 'failed' : state
}

/** The review of a webhook that was given up. It opens again when the webhook is resent and given up once more. */
const givenUpReview = ({ id, type, ordercode, tries, lastError = '' }: StoredDelivery): Review => ({
  kind: 'webhook_given_up',
  subject: id,
  ordercode,
  evidence: { type, tries, last_error: lastError },
})

async function renderBody(
  deps: Pick<Deps, 'bills' | 'orders' | 'reviews'>,
  delivery: StoredDelivery,
): Promise<string | undefined> {
  const { type, createdAt } = delivery
  const data = await renderData(deps, delivery)
  if (data === undefined) return undefined
  return JSON.stringify({ type, timestamp: formatRfc3339(createdAt), data })
}

/** Reads the `data` of a webhook. @returns undefined while the webhook's bill is being reconciled again. */
async function renderData(
  deps: Pick<Deps, 'bills' | 'orders' | 'reviews'>,
  delivery: StoredDelivery,
): Promise<unknown> {
  if (delivery.type === 'review.opened') {
    const review = await deps.reviews.find(delivery.subject)
    invariant(review !== undefined, 'the review of a webhook is stored')
    return reviewJson(review)
  }
  if (delivery.type === 'bill.reconciled') {
    const day = delivery.subject as BeijingDay
    const bill = await deps.bills.find(day)
    invariant(bill !== undefined, 'the bill of a webhook is stored')
    // The bill is being reconciled again, so the webhook with its report waits until the bill is reconciled.
    if (bill.dueAt !== undefined) return undefined
    return billJson(await billReport(deps, bill))
  }
  const { ordercode, subject } = delivery
  const view = ordercode === undefined ? undefined : await deps.orders.load(ordercode)
  invariant(
    view !== undefined && delivery.revision !== undefined,
    'the order of a webhook is stored',
  )
  // A webhook without a body that was tried was delivered: its body is not kept. It reports on the order of now.
  const isOfNow =
    delivery.tries > 0 && (delivery.type !== 'order.closed' || view.order.state === 'closed')
  const revision = isOfNow ? view.order.revision : delivery.revision
  if (delivery.type === 'refund.succeeded' || delivery.type === 'refund.failed') {
    const refund = view.refunds.find(({ outRefundNo }) => outRefundNo === subject)
    invariant(refund !== undefined, 'the refund of a webhook is stored')
    return { ...refundJson(refund, view.order.ordercode), revision }
  }
  const reviews = await deps.reviews.ofOrders([view.order.ordercode])
  const shown = delivery.type === 'order.closed' && !isOfNow ? asOfClosing(view) : view
  return { ...orderJson(shown, reviews), revision }
}

/**
 * The order as it was when it was closed. If a payment was recorded since, the payment has a webhook of its
 * own, with a later revision.
 */
const asOfClosing = (view: OrderView): OrderView => ({
  ...view,
  order: { ...view.order, state: 'closed', transactionId: undefined, paidAt: undefined },
  payments: [],
  refunds: [],
})
