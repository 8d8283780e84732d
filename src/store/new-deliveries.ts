/**
 * New webhooks, which the cron takes up about a minute after their creation. By then the request that wrote one has
 * usually delivered it, so that it never needs an entry in the queue; and the payments of many are added to the sums of
 * their day together. The triggers of `0018_fewer_rows.sql` do both as the position moves, and queue at once what
 * becomes pending behind it.
 */
import type { UnixSeconds } from '../core/time.ts'
import type { Database } from './d1/database.ts'

/** SQL for the time until which webhooks are taken up. */
export const TAKEN_UP =
  "(SELECT cast(position AS INTEGER) FROM walks WHERE name = 'deliveries.taken_up')"

/** SQL for the webhooks that are not taken up yet. */
export const NEW = `deliveries INDEXED BY deliveries_created WHERE created_at > ${TAKEN_UP}`

/** SQL for the webhooks in the queue of the cron. */
export const QUEUED =
  'deliveries INDEXED BY deliveries_queue WHERE is_queued = 1 AND due_at IS NOT NULL'

/**
 * Takes up the webhooks that were created until `until`, and about `limit` of them at most. Writes nothing when there are
 * none.
 */
export async function takeUpDeliveries(
  db: Database,
  until: UnixSeconds,
  limit: number,
): Promise<void> {
  await db.run(
    `UPDATE walks SET position = cast(coalesce(
       (SELECT created_at FROM ${NEW} AND created_at <= ?1 ORDER BY created_at LIMIT 1 OFFSET ?2), ?1) AS INTEGER)
     WHERE name = 'deliveries.taken_up' AND EXISTS (SELECT 1 FROM ${NEW} AND created_at <= ?1)`,
    until,
    limit,
  )
}
