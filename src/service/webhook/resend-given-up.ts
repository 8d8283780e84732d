import type { Deps } from '../../ports/deps.ts'
import type { Page } from '../../ports/store.ts'

/**
 * Makes given-up webhooks due again, the newest first: the next runs of the cron send them, and the retry schedule of each
 * starts from the beginning.
 *
 * @returns how many there were on this page.
 */
export async function resendGivenUp(
  { deliveries, now }: Pick<Deps, 'deliveries' | 'now'>,
  page: Page,
): Promise<number> {
  const { rows } = await deliveries.list('given_up', page)
  for (const { id } of rows) await deliveries.reopen(id, now())
  return rows.length
}
