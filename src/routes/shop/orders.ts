/** The shop's side: orders. */
import * as v from 'valibot'
import { eventJson, orderJson } from '../../contract/order.ts'
import { isOpenid } from '../../core/ids.ts'
import { ORDER_FEN_MAX, toFen } from '../../core/money.ts'
import type { OrderView, Terms } from '../../core/order/order.ts'
import { fromMillis } from '../../core/time.ts'
import { closeOrder } from '../../service/order/close-order.ts'
import { queryOrder } from '../../service/order/query-order.ts'
import { registerOrder } from '../../service/order/register-order.ts'
import type { HttpDeps } from '../http/deps.ts'
import { check, integer, readJson, readOrdercode, wireText } from '../http/input.ts'
import { paged, readPage, stated, withOneMore } from '../http/pagination.ts'
import { invalidRequest, json, problem } from '../http/problem.ts'
import type { RouteRequest } from '../http/request.ts'

const EXPIRES_IN_DEFAULT_S = 7_200

const TermsInput = v.strictObject(
  {
    total_fee: integer(1, ORDER_FEN_MAX),
    body: wireText(1, 127),
    attach: v.optional(wireText(0, 127)),
    detail: v.optional(wireText(0, 6_000)),
    goods_tag: v.optional(wireText(0, 32)),
    limit_pay: v.optional(v.literal('no_credit', 'must be "no_credit" or absent')),
    openid: v.optional(
      v.pipe(v.string('must be text'), v.check(isOpenid, 'is not the openid of a payer')),
    ),
    expires_in: v.optional(integer(300, 604_800), EXPIRES_IN_DEFAULT_S),
  },
  'must be an object',
)

/** `PUT /orders/{ordercode}` */
export async function putOrder(request: RouteRequest, deps: HttpDeps): Promise<Response> {
  const ordercode = readOrdercode(request.params)
  if (!ordercode.ok) return ordercode.error
  const body = await readJson(request)
  if (!body.ok) return body.error
  const input = check(TermsInput, body.value)
  if (!input.ok) return input.error
  const revision = readIfMatch(request.headers.get('if-match'))
  if (revision === 'invalid') {
    return invalidRequest([{ field: 'If-Match', message: 'must be a revision in quotes: "3"' }])
  }

  const registered = await registerOrder(deps, ordercode.value, toTerms(input.value), revision)
  if (!registered.ok) {
    const { reason } = registered.error
    return problem(reason === 'contended' ? 'order_busy' : reason)
  }
  return orderResponse(deps, registered.value.view, registered.value.created ? 201 : 200)
}

/** `GET /orders/{ordercode}` */
export async function getOrder(request: RouteRequest, deps: HttpDeps): Promise<Response> {
  const ordercode = ordercodeOf(request)
  const view = await deps.store.load(ordercode)
  return view === undefined ? problem('order_not_found') : orderResponse(deps, view)
}

/** `GET /orders/{ordercode}/events` */
export async function getOrderEvents(request: RouteRequest, deps: HttpDeps): Promise<Response> {
  const ordercode = ordercodeOf(request)
  const events = await deps.store.events(ordercode)
  // Every order has at least the event of its registration.
  return events.length === 0 ? problem('order_not_found') : json({ events: events.map(eventJson) })
}

/** `POST /orders/{ordercode}/query` */
export async function postOrderQuery(request: RouteRequest, deps: HttpDeps): Promise<Response> {
  const ordercode = ordercodeOf(request)
  const queried = await queryOrder(deps, ordercode)
  return queried.ok ? orderResponse(deps, queried.value) : problem(queried.error.reason)
}

/** `POST /orders/{ordercode}/close` */
export async function postOrderClose(request: RouteRequest, deps: HttpDeps): Promise<Response> {
  const ordercode = ordercodeOf(request)
  const view = await deps.store.load(ordercode)
  if (view === undefined) return problem('order_not_found')
  const closed = await closeOrder(deps, view, 'shop')
  switch (closed.outcome) {
    case 'closed':
      return orderResponse(deps, closed.view)
    case 'paid':
      return problem('order_paid')
    case 'busy':
    case 'unknown': // WeChat does not confirm; the order stays as it is
      return problem('order_busy')
  }
}

/** Of a request about an order: one that cannot exist is not there, and that is answer enough. */
const ordercodeOf = (request: RouteRequest): string => request.params['ordercode'] ?? ''

async function orderResponse(deps: HttpDeps, view: OrderView, status = 200): Promise<Response> {
  const { ordercode, revision } = view.order
  const reviews = await deps.store.reviewsOf([ordercode])
  return json(orderJson(view, reviews), status, { etag: `"${revision}"` })
}

/** An empty text is the same as none: WeChat refuses empty elements. */
const orAbsent = (text: string | undefined): string | undefined => (text === '' ? undefined : text)

const toTerms = (input: v.InferOutput<typeof TermsInput>): Terms => ({
  totalFee: toFen(input.total_fee),
  body: input.body,
  attach: orAbsent(input.attach),
  detail: orAbsent(input.detail),
  goodsTag: orAbsent(input.goods_tag),
  limitPay: input.limit_pay,
  openid: input.openid,
  expiresIn: input.expires_in,
})

function readIfMatch(header: string | null): number | undefined | 'invalid' {
  if (header === null) return undefined
  // Where an answer is compressed on the way, its tag comes back as a weak one.
  const quoted = /^(?:W\/)?"(\d{1,15})"$/.exec(header.trim())
  return quoted === null ? 'invalid' : Number(quoted[1])
}
export const moment = v.pipe(
  v.string('must be text'),
  v.regex(
    /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/,
    'must be a time as in 2026-11-23T00:00:00Z',
  ),
  v.check((text) => !Number.isNaN(Date.parse(text)), 'must be a time that exists'),
  v.transform((text) => fromMillis(Date.parse(text))),
)
export const OrderQuery = v.object({
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
