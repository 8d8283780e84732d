/** What the first page of the console shows. */
import { addDays, dayOf } from '../../core/day.ts'
import type { Deps } from '../../ports/deps.ts'
import type { Overview } from '../../ports/list-store.ts'

/** How many days the chart shows, today included. */
export const CHART_DAYS = 30

/** Reads what waits, what was paid on the last days, and the last runs of the cron. */
export function readOverview({ lists, now }: Pick<Deps, 'lists' | 'now'>): Promise<Overview> {
  const today = dayOf(now())
  return lists.overview(addDays(today, 1 - CHART_DAYS), addDays(today, -1))
}

/** How many reviews are open. The count stops at 51. */
export const openReviewCount = ({ lists }: Pick<Deps, 'lists'>): Promise<number> =>
  lists.openReviews()
