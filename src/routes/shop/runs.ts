/** The shop's and the operator's side: what there is, page by page. */
import * as v from 'valibot'
import { formatRfc3339, fromMillis, timeOrNull } from '../../core/time.ts'
import { orderJson } from '../../contract/order.ts'
import type { StoredDelivery, StoredRun } from '../../ports/deps.ts'
import { reviewJson } from '../../contract/review.ts'
import type { HttpDeps } from '../http/deps.ts'
import { paged, readPage, stated, withOneMore } from '../http/pagination.ts'
import { json } from '../http/problem.ts'
import { check } from '../http/input.ts'
import type { RouteRequest } from '../http/request.ts'

const moment = v.pipe(
  v.string('must be text'),
  v.regex(
    /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/,
    'must be a time as in 2026-11-23T00:00:00Z',
  ),
  v.check((text) => !Number.isNaN(Date.parse(text)), 'must be a time that exists'),
  v.transform((text) => fromMillis(Date.parse(text))),
)

const OrderQuery = v.object({
  state: v.optional(
    v.picklist(['created', 'paying', 'paid', 'closed'], 'must be created, paying, paid or closed'),
  ),
  created_from: v.optional(moment),
  created_to: v.optional(moment),
  transaction_id: v.optional(v.pipe(v.string('must be text'), v.maxLength(32, 'is too long'))),
})

/** `GET /orders` */
export async function getOrders(request: RouteRequest, deps: HttpDeps): Promise<Response> {
  const page = readPage(request.query)
  if (!page.ok) return page.error
  const query = check(OrderQuery, stated(request.query))
  if (!query.ok) return query.error

  const filter = {
    state: query.value.state,
    createdFrom: query.value.created_from,
    createdTo: query.value.created_to,
    transactionId: query.value.transaction_id,
  }
  const views = await deps.store.listOrders(filter, withOneMore(page.value))
  const { shown, next_cursor } = paged(views, page.value, ({ order }) => ({
    at: order.createdAt,
    key: order.ordercode,
  }))
  const reviews = await deps.store.reviewsOf(shown.map(({ order }) => order.ordercode))
  const orders = shown.map((view) =>
    orderJson(
      view,
      reviews.filter(({ ordercode }) => ordercode === view.order.ordercode),
    ),
  )
  return json({ orders, next_cursor })
}

const ReviewQuery = v.object({
  open: v.optional(v.picklist(['true', 'false', '1', '0'], 'must be true or false')),
})

/** `GET /reviews` */
export async function getReviews(request: RouteRequest, deps: HttpDeps): Promise<Response> {
  const page = readPage(request.query)
  if (!page.ok) return page.error
  const query = check(ReviewQuery, stated(request.query))
  if (!query.ok) return query.error
  const open = query.value.open === undefined ? undefined : /true|1/.test(query.value.open)
  const reviews = await deps.store.listReviews(open, withOneMore(page.value))
  const { shown, next_cursor } = paged(reviews, page.value, ({ openedAt, id }) => ({
    at: openedAt,
    key: id,
  }))
  return json({ reviews: shown.map(reviewJson), next_cursor })
}

const DeliveryQuery = v.object({
  state: v.optional(
    v.picklist(
      ['pending', 'delivered', 'given_up', 'no_target'],
      'must be pending, delivered, given_up or no_target',
    ),
  ),
})

/** `GET /deliveries` */
export async function getDeliveries(request: RouteRequest, deps: HttpDeps): Promise<Response> {
  const page = readPage(request.query)
  if (!page.ok) return page.error
  const query = check(DeliveryQuery, stated(request.query))
  if (!query.ok) return query.error
  const deliveries = await deps.store.listDeliveries(query.value.state, withOneMore(page.value))
  const { shown, next_cursor } = paged(deliveries, page.value, ({ createdAt, id }) => ({
    at: createdAt,
    key: id,
  }))
  return json({ deliveries: shown.map(deliveryJson), next_cursor })
}

/** `GET /runs` */
export async function getRuns(request: RouteRequest, deps: HttpDeps): Promise<Response> {
  const page = readPage(request.query)
  if (!page.ok) return page.error
  const { before, limit } = withOneMore(page.value)
  const runs = await deps.store.listRuns(before.at, limit)
  const { shown, next_cursor } = paged(runs, page.value, ({ id }) => ({ at: id, key: '' }))
  return json({ runs: shown.map(runJson), next_cursor })
}

export const deliveryJson = (delivery: StoredDelivery): Record<string, unknown> => ({
  id: delivery.id,
  type: delivery.type,
  ordercode: delivery.ordercode ?? null,
  state: delivery.state,
  tries: delivery.tries,
  created_at: formatRfc3339(delivery.createdAt),
  due_at: timeOrNull(delivery.dueAt),
  tried_at: timeOrNull(delivery.triedAt),
  last_status: delivery.lastStatus ?? null,
  last_error: delivery.lastError ?? null,
  delivered_at: timeOrNull(delivery.deliveredAt),
})

const runJson = ({ id, startedAt, finishedAt, report }: StoredRun): Record<string, unknown> => ({
  ...report,
  id,
  started_at: formatRfc3339(startedAt),
  finished_at: timeOrNull(finishedAt),
  seconds: finishedAt === undefined ? null : finishedAt - startedAt,
})
