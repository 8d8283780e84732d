import type { Refund } from '../../core/order/refund.ts'
import { waitingReview } from '../../core/order/reviews.ts'
import type { Deps } from '../../ports/deps.ts'
import { openReview } from '../open-review.ts'

/**
 * Opens the review of a refund that waits. It is resolved by the write with which the refund goes on; if that was
 * just before the review opened, it is resolved here.
 */
export async function reviewWaiting(
  deps: Pick<Deps, 'deliverSoon' | 'log' | 'now' | 'refunds' | 'reviews'>,
  refund: Refund,
  ordercode: string,
): Promise<void> {
  await openReview(deps, waitingReview(refund, ordercode))
  await deps.refunds.endWaitingReview(refund.outRefundNo, deps.now())
}
