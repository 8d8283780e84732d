/** What a person does about what went wrong. */
import * as v from 'valibot'
import { isPlainText } from '../../lib/text.ts'
import { deliverWebhook } from '../../service/deliver-webhook.ts'
import { resolveReview } from '../../service/review/resolve-review.ts'
import { reviewJson } from '../../contract/review.ts'
import type { HttpDeps } from '../http/deps.ts'
import { deliveryJson } from './runs.ts'
import { json, problem } from '../http/problem.ts'
import { check, decodedParam, readJson } from '../http/input.ts'
import type { RouteRequest } from '../http/request.ts'

const Resolution = v.strictObject(
  {
    note: v.pipe(
      v.string('must be text'),
      v.minLength(1, 'must say something'),
      v.maxLength(1_000, 'must have 1000 characters or less'),
      v.check((text) => isPlainText(text.replace(/[\n\t]/g, '')), 'must be plain text'),
    ),
    action: v.optional(v.picklist(['accept', 'refund'], 'must be accept, refund or absent')),
  },
  'must be an object',
)

/** `POST /reviews/{id}/resolve` */
export async function postReviewResolve(request: RouteRequest, deps: HttpDeps): Promise<Response> {
  const body = await readJson(request)
  if (!body.ok) return body.error
  const input = check(Resolution, body.value)
  if (!input.ok) return input.error
  const { note, action } = input.value
  const resolved = await resolveReview(deps, idOf(request), { note, action })
  return resolved.ok ? json(reviewJson(resolved.value)) : problem(resolved.error.reason)
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

const idOf = (request: RouteRequest): string => decodedParam(request, 'id')
