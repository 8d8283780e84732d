/** The routes for webhooks and their tries, called by the shop. */
import * as v from 'valibot'
import { deliveryJson } from '../../contract/delivery.ts'
import { listDeliveries, resendDelivery } from '../../service/webhook/deliveries.ts'
import type { HttpDeps } from '../http/deps.ts'
import { check, decodedParam } from '../http/input.ts'
import { cursorOf, readPage, withoutEmpty } from '../http/pagination.ts'
import { json, problem } from '../http/problem.ts'
import type { RouteRequest } from '../http/request.ts'

type DeliveriesRouteDeps = Pick<
  HttpDeps,
  | 'bills'
  | 'config'
  | 'deliverSoon'
  | 'deliveries'
  | 'log'
  | 'now'
  | 'orders'
  | 'reviews'
  | 'webhooks'
>

/** The query of `GET /deliveries`, besides the page. */
export const DeliveryQuery = v.object({
  state: v.optional(
    v.picklist(
      ['pending', 'delivered', 'given_up', 'no_target'],
      'must be pending, delivered, given_up or no_target',
    ),
  ),
})

/** `GET /deliveries`: one page of webhooks, newest first. */
export async function getDeliveries(
  request: RouteRequest,
  deps: Pick<HttpDeps, 'deliveries'>,
): Promise<Response> {
  const page = readPage(request.query)
  if (!page.ok) return page.error
  const query = check(DeliveryQuery, withoutEmpty(request.query))
  if (!query.ok) return query.error
  const { rows, next } = await listDeliveries(deps, query.value.state, page.value)
  return json({ deliveries: rows.map(deliveryJson), next_cursor: cursorOf(next) })
}

/** `POST /deliveries/{id}/resend`: sends one webhook now. */
export async function postDeliveryResend(
  request: RouteRequest,
  deps: DeliveriesRouteDeps,
): Promise<Response> {
  const resent = await resendDelivery(deps, decodedParam(request, 'id'))
  return resent.ok ? json(deliveryJson(resent.value)) : problem(resent.error.reason)
}
