/** The routes for reviews, called by the person who resolves them. */
import * as v from 'valibot'
import { reviewJson } from '../../contract/review.ts'
import { isPlainText } from '../../lib/text.ts'
import { listReviews } from '../../service/review/list-reviews.ts'
import { resolveReview } from '../../service/review/resolve-review.ts'
import type { HttpDeps } from '../http/deps.ts'
import { check, decodedParam, readInput } from '../http/input.ts'
import { cursorOf, readPage, withoutEmpty } from '../http/pagination.ts'
import { json, problem } from '../http/problem.ts'
import type { RouteRequest } from '../http/request.ts'

type ReviewsRouteDeps = Pick<
  HttpDeps,
  'config' | 'deliverSoon' | 'log' | 'now' | 'orders' | 'refunds' | 'reviews' | 'wechat'
>

/** The body of `POST /reviews/{id}/resolve`. */
export const Resolution = v.strictObject(
  {
    note: v.pipe(
      v.string('must be a string'),
      v.minLength(1, 'must not be empty'),
      v.maxLength(1_000, 'must have at most 1000 characters'),
      v.check(
        (text) => isPlainText(text.replace(/[\n\t]/g, '')),
        'must not contain control characters other than line feed and tab, or broken surrogate pairs',
      ),
    ),
    action: v.optional(v.picklist(['accept', 'refund'], 'must be accept, refund or absent')),
  },
  'must be an object',
)

/** `POST /reviews/{id}/resolve`: resolves a review with a note and, where allowed, an action. */
export async function postReviewResolve(
  request: RouteRequest,
  deps: ReviewsRouteDeps,
): Promise<Response> {
  const input = await readInput(request, Resolution)
  if (!input.ok) return input.error
  const { note, action } = input.value
  const resolved = await resolveReview(deps, decodedParam(request, 'id'), { note, action })
  if (resolved.ok) return json(reviewJson(resolved.value))
  const { error } = resolved
  if (error.reason === 'order_not_registered') {
    return problem('action_not_allowed', {
      detail:
        'No order is registered for this payment. Register it again with PUT /orders/{ordercode}, with the amount and the payer of the payment, then accept it.',
    })
  }
  if (error.reason === 'ids_unknown') {
    return problem('action_not_allowed', {
      detail:
        'This review was opened by an earlier version, which did not store the appid of the payment, so the payment cannot be recorded. Return it on the merchant platform, and resolve the review with a note.',
    })
  }
  if (error.reason !== 'payment_not_confirmed') return problem(error.reason)
  const { code, description } = error.wechat
  return problem('action_not_allowed', {
    detail:
      'WeChat does not confirm the payment as the review has it, so nothing was done; `wechat` has its words. If the money went back by hand, resolve the review with a note only.',
    wechat: { trade_state: code, trade_state_desc: description },
  })
}

/** The query of `GET /reviews`, besides the page. */
export const ReviewQuery = v.object({
  open: v.optional(v.picklist(['true', 'false', '1', '0'], 'must be true or false')),
})

/** `GET /reviews`: one page of reviews, newest first. */
export async function getReviews(
  request: RouteRequest,
  deps: Pick<HttpDeps, 'reviews'>,
): Promise<Response> {
  const page = readPage(request.query)
  if (!page.ok) return page.error
  const query = check(ReviewQuery, withoutEmpty(request.query))
  if (!query.ok) return query.error
  const open = query.value.open === undefined ? undefined : /true|1/.test(query.value.open)
  const { rows, next } = await listReviews(deps, open, page.value)
  return json({ reviews: rows.map(reviewJson), next_cursor: cursorOf(next) })
}
