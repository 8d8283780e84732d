import * as v from 'valibot'
import { deliveryJson } from '../../contract/delivery.ts'
import { deliverWebhook } from '../../service/deliver-webhook.ts'
import type { HttpDeps } from '../http/deps.ts'
import { check } from '../http/input.ts'
import { paged, readPage, stated, withOneMore } from '../http/pagination.ts'
import { json, problem } from '../http/problem.ts'
import type { RouteRequest } from '../http/request.ts'
import { idOf } from './reviews.ts'

export const DeliveryQuery = v.object({
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
/** `POST /deliveries/{id}/resend`: sends at once, and goes on from the first rung if that fails. */
export async function postDeliveryResend(request: RouteRequest, deps: HttpDeps): Promise<Response> {
  const id = idOf(request)
  const found = await deps.store.findDelivery(id)
  if (found === undefined) return problem('delivery_not_found')
  if (!deps.config.hasWebhookTarget) return problem('no_target')
  const reopened = await deps.store.reopenDelivery(id, deps.now())
  if (reopened === undefined) return problem('delivery_not_found')
  await deliverWebhook(deps, reopened)
  return json(deliveryJson((await deps.store.findDelivery(id)) ?? reopened))
}
