/** Orders as the console lists and shows them. */
import type { OrderView } from '../../core/order/order.ts'
import type { StoredReview } from '../../core/review.ts'
import { webhookId } from '../../core/webhook.ts'
import type { ListedDelivery } from '../../ports/delivery-store.ts'
import type { Deps } from '../../ports/deps.ts'
import type { OrderLine, OrderListFilter, SearchResult } from '../../ports/list-store.ts'
import type { StoredEvent } from '../../ports/order-store.ts'
import type { Found, Page } from '../../ports/store.ts'

/** How many events of an order are shown. */
export const EVENTS_MAX = 100
/** The longest number there is: an out_refund_no. */
const NUMBER_CHARS_MAX = 64

/** One page of orders. */
export const listOrderLines = (
  { lists }: Pick<Deps, 'lists'>,
  filter: OrderListFilter,
  page: Page,
): Promise<Found<OrderLine>> => lists.orders(filter, page)

/** Looks for the order that a number names, and for those that begin with it. A text that is no number finds nothing. */
export async function searchOrders(
  { lists }: Pick<Deps, 'lists'>,
  text: string,
): Promise<SearchResult> {
  const isNumber = text.length <= NUMBER_CHARS_MAX && /^[0-9A-Za-z_*@|-]+$/.test(text)
  return isNumber ? lists.search(text) : { exact: undefined, beginning: [] }
}

/** An order with everything that explains its state. */
export type ExplainedOrder = Readonly<{
  view: OrderView
  reviews: readonly StoredReview[]
  /** The last events, newest first. */
  events: readonly StoredEvent[]
  /** Whether there are earlier events. */
  hasEarlier: boolean
  /** Newest first. */
  deliveries: readonly ListedDelivery[]
}>

/** Reads an order with its events, reviews and webhooks. @returns undefined when no such order is registered. */
export async function readExplainedOrder(
  { lists, orders, reviews }: Pick<Deps, 'lists' | 'orders' | 'reviews'>,
  ordercode: string,
): Promise<ExplainedOrder | undefined> {
  const view = await orders.load(ordercode)
  if (view === undefined) return undefined
  const [found, about] = await Promise.all([
    lists.latestEvents(ordercode, EVENTS_MAX + 1),
    reviews.ofOrders([ordercode]),
  ])
  return {
    view,
    reviews: about,
    events: found.slice(0, EVENTS_MAX),
    hasEarlier: found.length > EVENTS_MAX,
    deliveries: await lists.deliveriesOf(webhookIdsOf(view, about)),
  }
}

/** The ids of all webhooks that an order can have: each derives from its fact. */
const webhookIdsOf = (
  { order, payments, refunds }: OrderView,
  reviews: readonly StoredReview[],
): readonly string[] => [
  webhookId({ type: 'order.closed', subject: order.ordercode }),
  ...payments.flatMap(({ transactionId: subject }) => [
    webhookId({ type: 'order.paid', subject }),
    webhookId({ type: 'payment.returned', subject }),
  ]),
  ...refunds.flatMap(({ outRefundNo: subject }) => [
    webhookId({ type: 'refund.succeeded', subject }),
    webhookId({ type: 'refund.failed', subject }),
  ]),
  ...reviews.map(({ id: subject }) => webhookId({ type: 'review.opened', subject })),
]
