/**
 * Leases and reschedules due orders and attempts. The batch that reads a due row also moves the row's `due_at`
 * to the end of the lease, so two concurrent runs never hold the same row. When a run crashes, its rows are due
 * again when the lease ends.
 */
import { later, type UnixSeconds } from '../../core/time.ts'
import type { ClaimedOrders, NextOrderDue } from '../../ports/order-store.ts'
import { integer, text, time } from '../d1/columns.ts'
import type { Database, Statement } from '../d1/database.ts'
import { statement } from '../d1/sql.ts'

/**
 * The length of a lease, in seconds. It is longer than a run of the cron can take: 40 calls to WeChat, several
 * at a time, each with a deadline of 8 s at the primary origin and another 8 s at the backup.
 */
const LEASE_S = 180
/** How long after the lease an attempt is due again at the latest about which a recovery waits for an answer, in seconds. */
const RECOVERY_RETRY_S = 420

/** Leases attempts that are due, up to the limit, the longest due first. */
export async function claimDueAttempts(
  db: Database,
  now: UnixSeconds,
  limit: number,
): Promise<ClaimedOrders> {
  const leaseUntil = later(now, LEASE_S)
  const due = 'FROM attempts WHERE due_at <= ? ORDER BY due_at, ordercode, number LIMIT ?'
  // The SELECT comes before the UPDATE, because the lease overwrites `due_at`, by which the rows are sorted.
  const [attempts] = await db.batch([
    statement(`SELECT ordercode, number, due_at ${due}`, now, limit),
    statement(
      `UPDATE attempts SET due_at = ? WHERE (ordercode, number) IN (SELECT ordercode, number ${due})`,
      leaseUntil,
      now,
      limit,
    ),
  ])
  const items = (attempts?.rows ?? []).map((row) => ({
    ordercode: text(row, 'ordercode'),
    number: integer(row, 'number'),
    dueAt: time(row, 'due_at'),
  }))
  return { leaseUntil, items }
}

/**
 * SQL: after a restore of the database, WeChat has not answered about a closed attempt of the order. It may have been paid
 * in time, so the order is not closed as expired before: its payment would count as late, and go back.
 */
const MAY_BE_PAID = `EXISTS (
  SELECT 1 FROM attempts
  WHERE attempts.ordercode = orders.ordercode AND is_recovering = 1 AND state = 'closed' AND due_at IS NOT NULL
    AND mch_id NOT IN (SELECT mch_id FROM other_merchants WHERE given_up_at IS NOT NULL))`

/**
 * Leases orders that expired and have an attempt, up to the limit, the longest due first. Those without one are closed
 * as a set (`expire-untouched.ts`).
 */
export async function claimExpiredOrders(
  db: Database,
  now: UnixSeconds,
  limit: number,
): Promise<ClaimedOrders> {
  const leaseUntil = later(now, LEASE_S)
  const due = `FROM orders WHERE due_at <= ? AND (state <> 'created'
      OR EXISTS (SELECT 1 FROM attempts WHERE attempts.ordercode = orders.ordercode))
      AND NOT ${MAY_BE_PAID}
    ORDER BY due_at, ordercode LIMIT ?`
  const [orders] = await db.batch([
    statement(`SELECT ordercode, due_at ${due}`, now, limit),
    statement(
      `UPDATE orders SET due_at = ? WHERE ordercode IN (SELECT ordercode ${due})`,
      leaseUntil,
      now,
      limit,
    ),
  ])
  const items = (orders?.rows ?? []).map((row) => ({
    ordercode: text(row, 'ordercode'),
    number: undefined,
    dueAt: time(row, 'due_at'),
  }))
  return { leaseUntil, items }
}

/**
 * Sets when claimed orders and attempts are due again. A row whose due time has changed since it was claimed
 * keeps the new due time. An attempt about which WeChat answered is recovered. Takes one statement for all orders and one for all attempts, because the number of
 * statements per run is limited.
 */
export async function rescheduleOrders(
  db: Database,
  claimed: ClaimedOrders,
  next: readonly NextOrderDue[],
): Promise<void> {
  const orders = next.filter(({ number }) => number === undefined)
  const attempts = next.filter(({ number }) => number !== undefined)
  const statements: Statement[] = []
  if (orders.length > 0) {
    statements.push(
      statement(
        `UPDATE orders SET due_at = json_extract(value, '$.dueAt') FROM json_each(?1)
         WHERE ordercode = json_extract(value, '$.ordercode') AND +due_at = ?2`,
        JSON.stringify(orders),
        claimed.leaseUntil,
      ),
    )
  }
  if (attempts.length > 0) {
    statements.push(
      statement(
        `UPDATE attempts SET due_at = CASE
             WHEN due_at IS NOT ?2 THEN due_at
             WHEN is_recovering = 1 AND NOT json_extract(value, '$.isAnswered')
               THEN min(coalesce(json_extract(value, '$.dueAt'), ?3), ?3)
             ELSE json_extract(value, '$.dueAt') END,
           is_recovering = iif(json_extract(value, '$.isAnswered'), NULL, is_recovering)
         FROM json_each(?1)
         WHERE ordercode = json_extract(value, '$.ordercode')
           AND number = json_extract(value, '$.number')`,
        JSON.stringify(attempts),
        claimed.leaseUntil,
        later(claimed.leaseUntil, RECOVERY_RETRY_S),
      ),
    )
  }
  if (statements.length > 0) await db.batch(statements)
}
