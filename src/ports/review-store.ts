import type { Review, ReviewAction, StoredReview } from '../core/review.ts'
import type { UnixSeconds } from '../core/time.ts'
import type { Found, Page } from './store.ts'

/** Reads and writes reviews. @throws StoreUnavailable from any method. */
export interface ReviewStore {
  /**
   * Opens a review and writes its webhook, unless a review about the same fact is open, or the fact did not
   * happen anew since its last review.
   *
   * @returns the review's id; undefined when no review was opened.
   */
  open(review: Review, now: UnixSeconds): Promise<string | undefined>
  /** Finds a review. @returns undefined when the review does not exist. */
  find(id: string): Promise<StoredReview | undefined>
  /** Finds several reviews. Those that do not exist are left out. */
  findMany(ids: readonly string[]): Promise<readonly StoredReview[]>
  /** All reviews of the given orders, at most 100, oldest first. */
  ofOrders(ordercodes: readonly string[]): Promise<readonly StoredReview[]>
  /**
   * One page of reviews, newest first. @param open True for
   * open ones, false for resolved ones, undefined for all.
   */
  list(open: boolean | undefined, page: Page): Promise<Found<StoredReview>>
  /** Resolves an open review. @returns false when it was resolved before. */
  resolve(
    id: string,
    resolution: Readonly<{ note: string; action: ReviewAction | undefined }>,
    now: UnixSeconds,
  ): Promise<boolean>
}
