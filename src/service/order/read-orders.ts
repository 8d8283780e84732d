/** Orders with the reviews that concern them, as the shop reads them. */
import type { OrderView } from '../../core/order/order.ts'
import type { StoredReview } from '../../core/review.ts'
import type { Deps } from '../../ports/deps.ts'
import type { OrderFilter, StoredEvent } from '../../ports/order-store.ts'
import type { Found, Page } from '../../ports/store.ts'

/** An order with all its reviews, open and resolved. */
export type ReviewedOrder = Readonly<{ view: OrderView; reviews: readonly StoredReview[] }>

/** Reads an order with its reviews. @returns undefined when no such order is registered. */
export async function readOrder(
  deps: Pick<Deps, 'orders' | 'reviews'>,
  ordercode: string,
): Promise<ReviewedOrder | undefined> {
  const view = await deps.orders.load(ordercode)
  return view === undefined ? undefined : withReviews(deps, view)
}

/** Reads the reviews of an order that has been read already. */
export async function withReviews(
  { reviews }: Pick<Deps, 'reviews'>,
  view: OrderView,
): Promise<ReviewedOrder> {
  return { view, reviews: await reviews.ofOrders([view.order.ordercode]) }
}

/** One page of orders with their reviews, newest first. */
export async function listOrders(
  { orders, reviews }: Pick<Deps, 'orders' | 'reviews'>,
  filter: OrderFilter,
  page: Page,
): Promise<Found<ReviewedOrder>> {
  const { rows, next } = await orders.list(filter, page)
  const withSome = rows.filter(({ hasReviews }) => hasReviews)
  const all = await reviews.ofOrders(withSome.map(({ view }) => view.order.ordercode))
  const reviewed = rows.map(({ view }) => ({
    view,
    reviews: all.filter(({ ordercode }) => ordercode === view.order.ordercode),
  }))
  return { rows: reviewed, next }
}

/**
 * One page of the events of an order, oldest first: up to `limit` after the revision `after`. Without `after`, it is empty
 * only when no such order is registered.
 */
export const readEvents = (
  { orders }: Pick<Deps, 'orders'>,
  ordercode: string,
  after: number,
  limit: number,
): Promise<readonly StoredEvent[]> => orders.events(ordercode, after, limit)
