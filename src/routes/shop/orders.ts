/** The routes for orders, called by the shop. */
import * as v from 'valibot'
import { eventJson, orderJson } from '../../contract/order.ts'
import { OPENID } from '../../core/ids.ts'
import { ORDER_FEN_MAX, toFen } from '../../core/money.ts'
import type { Terms } from '../../core/order/order.ts'
import { closeForShop } from '../../service/order/close-order.ts'
import { queryOrder } from '../../service/order/query-order.ts'
import {
  listOrders,
  readEvents,
  readOrder,
  type ReviewedOrder,
  withReviews,
} from '../../service/order/read-orders.ts'
import { registerOrder } from '../../service/order/register-order.ts'
import type { HttpDeps } from '../http/deps.ts'
import { check, integer, moment, readInput, readOrdercode, wireText } from '../http/input.ts'
import {
  cursorOf,
  OLDEST_FIRST,
  plusOne,
  readPage,
  toPage,
  withoutEmpty,
} from '../http/pagination.ts'
import { invalidRequest, json, problem } from '../http/problem.ts'
import type { RouteRequest } from '../http/request.ts'

type OrdersRouteDeps = Pick<
  HttpDeps,
  'config' | 'deliverSoon' | 'log' | 'now' | 'orders' | 'refunds' | 'reviews' | 'wechat'
>

const EXPIRES_IN_DEFAULT_S = 7_200

/** The body of `PUT /orders/{ordercode}`. */
export const TermsInput = v.strictObject(
  {
    total_fee: integer(1, ORDER_FEN_MAX),
    body: wireText(1, 127),
    attach: v.optional(wireText(0, 127)),
    detail: v.optional(wireText(0, 6_000)),
    goods_tag: v.optional(wireText(0, 32)),
    limit_pay: v.optional(v.literal('no_credit', 'must be "no_credit" or absent')),
    openid: v.optional(
      v.pipe(v.string('must be a string'), v.regex(OPENID, 'must be the openid of a payer')),
    ),
    expires_in: v.optional(integer(300, 604_800), EXPIRES_IN_DEFAULT_S),
  },
  'must be an object',
)

const OPENID_REQUIRED =
  'is missing: this installation has REQUIRE_OPENID=yes, so name the payer, whose openid your server gets from jscode2session'

/** `PUT /orders/{ordercode}`: registers an order, or changes it. */
export async function putOrder(request: RouteRequest, deps: OrdersRouteDeps): Promise<Response> {
  const ordercode = readOrdercode(request.params)
  if (!ordercode.ok) return ordercode.error
  const input = await readInput(request, TermsInput)
  if (!input.ok) return input.error
  if (deps.config.requireOpenid && input.value.openid === undefined) {
    return invalidRequest([{ field: 'openid', message: OPENID_REQUIRED }])
  }
  const revision = readIfMatch(request.headers.get('if-match'))
  if (revision === 'invalid') {
    return invalidRequest([
      { field: 'If-Match', message: 'must be a revision in double quotes, such as "3"' },
    ])
  }

  const registered = await registerOrder(deps, ordercode.value, toTerms(input.value), revision)
  if (!registered.ok) {
    const { reason } = registered.error
    return problem(reason === 'contended' ? 'order_busy' : reason)
  }
  return orderResponse(
    await withReviews(deps, registered.value.view),
    registered.value.created ? 201 : 200,
  )
}

/** `GET /orders/{ordercode}`: one order with its attempts, payments, refunds and reviews. */
export async function getOrder(
  request: RouteRequest,
  deps: Pick<HttpDeps, 'orders' | 'reviews'>,
): Promise<Response> {
  const ordercode = ordercodeOf(request)
  const order = await readOrder(deps, ordercode)
  return order === undefined ? problem('order_not_found') : orderResponse(order)
}

/** `GET /orders/{ordercode}/events`: one page of everything that happened to an order, oldest first. */
export async function getOrderEvents(
  request: RouteRequest,
  deps: Pick<HttpDeps, 'orders'>,
): Promise<Response> {
  const page = readPage(request.query, OLDEST_FIRST)
  if (!page.ok) return page.error
  const after = page.value.before.at
  const found = await readEvents(deps, ordercodeOf(request), after, plusOne(page.value).limit)
  // Every order has at least the event of its registration, so without events the order does not exist.
  if (found.length === 0 && after <= 0) return problem('order_not_found')
  const { shown, next_cursor } = toPage(found, page.value, ({ revision }) => ({
    at: revision,
    key: '',
  }))
  return json({ events: shown.map(eventJson), next_cursor })
}

/**
 * `POST /orders/{ordercode}/query`: queries WeChat about an order now. `refunds_unanswered` in the answer names the
 * payments whose refunds WeChat did not list.
 */
export async function postOrderQuery(
  request: RouteRequest,
  deps: OrdersRouteDeps,
): Promise<Response> {
  const ordercode = ordercodeOf(request)
  const queried = await queryOrder(deps, ordercode)
  if (!queried.ok) return problem(queried.error.reason)
  const { view, refundsUnanswered } = queried.value
  const more = refundsUnanswered.length === 0 ? {} : { refunds_unanswered: refundsUnanswered }
  return orderResponse(await withReviews(deps, view), 200, more)
}

/** `POST /orders/{ordercode}/close`: closes an order, first at WeChat and then in our records. */
export async function postOrderClose(
  request: RouteRequest,
  deps: OrdersRouteDeps,
): Promise<Response> {
  const ordercode = ordercodeOf(request)
  const closed = await closeForShop(deps, ordercode)
  switch (closed.kind) {
    case 'order_not_found':
      return problem('order_not_found')
    case 'closed':
      return orderResponse(await withReviews(deps, closed.view))
    case 'paid':
      return problem('order_paid')
    case 'other_merchant':
      return problem('other_merchant')
    case 'busy':
    case 'unknown': // WeChat does not confirm the close, so the order stays as it is.
      return problem('order_busy')
  }
}

/**
 * Reads the ordercode from the path. A malformed ordercode
 * is not refused: no order has it, so the answer is 404.
 */
const ordercodeOf = (request: RouteRequest): string => request.params['ordercode'] ?? ''

function orderResponse(
  { view, reviews }: ReviewedOrder,
  status = 200,
  more: Readonly<Record<string, unknown>> = {},
): Response {
  return json({ ...orderJson(view, reviews), ...more }, status, {
    etag: `"${view.order.revision}"`,
  })
}

/** Makes an empty text undefined, because WeChat refuses empty elements. */
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
  // A weak ETag (`W/"…"`) is accepted, too: a proxy that compresses our response makes
  // its ETag weak, and the shop sends the weak ETag back in `If-Match`.
  const quoted = /^(?:W\/)?"(\d{1,15})"$/.exec(header.trim())
  return quoted === null ? 'invalid' : Number(quoted[1])
}

/** The query of `GET /orders`, besides the page. */
export const OrderQuery = v.object({
  state: v.optional(
    v.picklist(['created', 'paying', 'paid', 'closed'], 'must be created, paying, paid or closed'),
  ),
  created_from: v.optional(moment),
  created_to: v.optional(moment),
  transaction_id: v.optional(
    v.pipe(v.string('must be a string'), v.maxLength(32, 'must have at most 32 characters')),
  ),
})

/** `GET /orders`: one page of orders, newest first. */
export async function getOrders(
  request: RouteRequest,
  deps: Pick<HttpDeps, 'orders' | 'reviews'>,
): Promise<Response> {
  const page = readPage(request.query)
  if (!page.ok) return page.error
  const query = check(OrderQuery, withoutEmpty(request.query))
  if (!query.ok) return query.error

  const filter = {
    state: query.value.state,
    createdFrom: query.value.created_from,
    createdTo: query.value.created_to,
    transactionId: query.value.transaction_id,
  }
  const { rows, next } = await listOrders(deps, filter, page.value)
  return json({
    orders: rows.map(({ view, reviews }) => orderJson(view, reviews)),
    next_cursor: cursorOf(next),
  })
}
