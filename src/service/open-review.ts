import { isAnnounced, type Review } from '../core/review.ts'
import { webhookId } from '../core/webhook.ts'
import type { Deps } from '../ports/deps.ts'

type OpenReviewDeps = Pick<Deps, 'deliverSoon' | 'log' | 'now' | 'reviews'>

/**
 * Opens a review together with its webhook `review.opened`, unless the fact is under review, or did not happen
 * anew since it was. Not for facts that can happen each time anew: their review is written in the batch of the
 * change, because a repetition after a crash would open another one.
 */
export async function openReview(deps: OpenReviewDeps, review: Review): Promise<void> {
  const id = await deps.reviews.open(review, deps.now())
  if (id !== undefined) reportOpened(deps, review, id)
}

/** Logs a review that was opened, and tries its webhook. */
export function reportOpened(
  deps: Pick<Deps, 'deliverSoon' | 'log'>,
  { kind, ordercode }: Review,
  id: string,
): void {
  deps.log({ event: 'review_opened', ...(ordercode === undefined ? {} : { ordercode }), kind })
  if (isAnnounced(kind)) deps.deliverSoon([webhookId({ type: 'review.opened', subject: id })])
}
