/** Renders the bodies of webhooks: for several of them their orders and reviews are read together. */
import { billJson } from '../../contract/bill.ts'
import { orderJson } from '../../contract/order.ts'
import { refundJson } from '../../contract/refund.ts'
import { reviewJson } from '../../contract/review.ts'
import type { BeijingDay } from '../../core/day.ts'
import type { OrderView } from '../../core/order/order.ts'
import type { StoredReview } from '../../core/review.ts'
import { formatRfc3339 } from '../../core/time.ts'
import { invariant } from '../../lib/result.ts'
import type { StoredDelivery } from '../../ports/delivery-store.ts'
import type { Deps } from '../../ports/deps.ts'
import { billReport } from '../bill/read-bill.ts'

type RenderDeps = Pick<Deps, 'bills' | 'orders' | 'reviews'>

/** Renders one webhook. @returns undefined while the webhook's bill is being reconciled again. */
export type Render = (delivery: StoredDelivery) => Promise<string | undefined>

/** Reads together what several webhooks report on. @returns what renders each of them: its stored body, or a new one. */
export async function renderer(
  deps: RenderDeps,
  deliveries: readonly StoredDelivery[],
): Promise<Render> {
  const read = await readSubjects(
    deps,
    deliveries.filter(({ body }) => body === undefined),
  )
  return async (delivery) => {
    if (delivery.body !== undefined) return delivery.body
    const { type, createdAt } = delivery
    const data = await renderData(deps, delivery, read)
    return data === undefined
      ? undefined
      : JSON.stringify({ type, timestamp: formatRfc3339(createdAt), data })
  }
}

/** The orders that webhooks report on, with their reviews, and the reviews that webhooks report on. */
type Subjects = Readonly<{
  orders: ReadonlyMap<string, OrderView>
  reviewsOf: (ordercode: string) => readonly StoredReview[]
  reviews: ReadonlyMap<string, StoredReview>
}>

async function readSubjects(
  { orders, reviews }: Pick<Deps, 'orders' | 'reviews'>,
  deliveries: readonly StoredDelivery[],
): Promise<Subjects> {
  const opened = deliveries.filter(({ type }) => type === 'review.opened')
  const ofOrders = deliveries.filter(
    ({ type }) => type !== 'review.opened' && type !== 'bill.reconciled',
  )
  const ordercodes = [...new Set(ofOrders.flatMap(({ ordercode }) => ordercode ?? []))]
  const withReviews = ofOrders
    .filter(({ type }) => !REFUND_TYPES.has(type))
    .flatMap(({ ordercode }) => ordercode ?? [])
  const views = await orders.loadMany(ordercodes)
  const about = await reviews.ofOrders([...new Set(withReviews)])
  const found = await reviews.findMany(opened.map(({ subject }) => subject))
  return {
    orders: new Map(views.map((view) => [view.order.ordercode, view])),
    reviewsOf: (ordercode) => about.filter((review) => review.ordercode === ordercode),
    reviews: new Map(found.map((review) => [review.id, review])),
  }
}

const REFUND_TYPES: ReadonlySet<string> = new Set(['refund.succeeded', 'refund.failed'])

/** The `data` of a webhook: the order, the refund with the revision of its order, the review, or the bill's report. */
export type WebhookData = NonNullable<Awaited<ReturnType<typeof renderData>>>

/** The `data` of a webhook; undefined while the webhook's bill is being reconciled again. */
async function renderData(deps: Pick<Deps, 'bills'>, delivery: StoredDelivery, read: Subjects) {
  if (delivery.type === 'review.opened') {
    const review = read.reviews.get(delivery.subject)
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
  const view = ordercode === undefined ? undefined : read.orders.get(ordercode)
  invariant(
    view !== undefined && delivery.revision !== undefined,
    'the order of a webhook is stored',
  )
  // A webhook without a body that was tried was delivered: its body is not kept. It reports on the order of now.
  const isOfNow =
    delivery.tries > 0 && (delivery.type !== 'order.closed' || view.order.state === 'closed')
  const revision = isOfNow ? view.order.revision : delivery.revision
  if (REFUND_TYPES.has(delivery.type)) {
    const refund = view.refunds.find(({ outRefundNo }) => outRefundNo === subject)
    invariant(refund !== undefined, 'the refund of a webhook is stored')
    return { ...refundJson(refund, view.order.ordercode), revision }
  }
  const shown = delivery.type === 'order.closed' && !isOfNow ? asOfClosing(view) : view
  return { ...orderJson(shown, read.reviewsOf(view.order.ordercode)), revision }
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
