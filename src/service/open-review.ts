import { type Review, reviewId } from '../core/review.ts'
import { type Webhook, webhookId } from '../core/webhook.ts'
import type { Deps } from '../ports/deps.ts'

type OpenReviewDeps = Pick<Deps, 'deliverSoon' | 'log' | 'now' | 'reviews'>

/**
 * Opens a review together with its webhook `review.opened`, unless the review exists. A review about a
 * webhook that was given up has no webhook, because that would probably fail, too.
 */
export async function openReview(deps: OpenReviewDeps, review: Review): Promise<void> {
  const { kind, ordercode } = review
  const webhook: Webhook | undefined =
    kind === 'webhook_given_up'
      ? undefined
      : { type: 'review.opened', subject: reviewId(review), ordercode, revision: undefined }
  if (!(await deps.reviews.open(review, webhook, deps.now()))) return
  deps.log({ event: 'review_opened', ...(ordercode === undefined ? {} : { ordercode }), kind })
  if (webhook !== undefined) deps.deliverSoon([webhookId(webhook)])
}
