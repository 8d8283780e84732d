import type { StoredReview } from '../../core/review.ts'
import type { Deps } from '../../ports/deps.ts'
import type { Found, Page } from '../../ports/store.ts'

/**
 * One page of reviews, newest first.
 *
 * @param open True for open ones, false for resolved ones, undefined for both.
 */
export const listReviews = (
  { reviews }: Pick<Deps, 'reviews'>,
  open: boolean | undefined,
  page: Page,
): Promise<Found<StoredReview>> => reviews.list(open, page)

/** One review. @returns undefined when it does not exist. */
export const findReview = (
  { reviews }: Pick<Deps, 'reviews'>,
  id: string,
): Promise<StoredReview | undefined> => reviews.find(id)
