import type { Deps } from '../../ports/deps.ts'
import type { RefundLine } from '../../ports/list-store.ts'
import type { Found, Page } from '../../ports/store.ts'

/** One page of refunds: those on the way, the first due first; or all, newest first. */
export const listRefundLines = (
  { lists }: Pick<Deps, 'lists'>,
  which: 'moving' | 'all',
  page: Page,
): Promise<Found<RefundLine>> => lists.refunds(which, page)
