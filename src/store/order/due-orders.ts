/**
 * Leases and reschedules due orders and attempts. The batch that reads a due row also moves the row's `due_at`
 * to the end of the lease, so two concurrent runs never hold the same row. When a run crashes, its rows are due
 * again when the lease ends.
 */
import { later, type UnixSeconds } from '../../core/time.ts'
import type { ClaimedOrders, ClaimLimits, DueRow, NextOrderDue } from '../../ports/order-store.ts'
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

/** Leases due orders and attempts, up to the limits. @returns both in one list, the longest due first. */
export async function claimDueOrders(
  db: Database,
  now: UnixSeconds,
  limits: ClaimLimits,
): Promise<ClaimedOrders> {
  const leaseUntil = later(now, LEASE_S)
  const dueOrders = 'FROM orders WHERE due_at <= ? ORDER BY due_at, ordercode LIMIT ?'
  const dueAttempts = 'FROM attempts WHERE due_at <= ? ORDER BY due_at, ordercode, number LIMIT ?'
  // Each SELECT comes before its UPDATE, because the lease overwrites `due_at`, by which the rows are sorted.
  const [orders, , attempts] = await db.batch([
    statement(`SELECT ordercode, due_at ${dueOrders}`, now, limits.orders),
    statement(
      `UPDATE orders SET due_at = ? WHERE ordercode IN (SELECT ordercode ${dueOrders})`,
      leaseUntil,
      now,
      limits.orders,
    ),
    statement(`SELECT ordercode, number, due_at ${dueAttempts}`, now, limits.attempts),
    statement(
      `UPDATE attempts SET due_at = ?
       WHERE (ordercode, number) IN (SELECT ordercode, number ${dueAttempts})`,
      leaseUntil,
      now,
      limits.attempts,
    ),
  ])
  const items: DueRow[] = [
    ...(orders?.rows ?? []).map((row) => ({
      ordercode: text(row, 'ordercode'),
      number: undefined,
      dueAt: time(row, 'due_at'),
    })),
    ...(attempts?.rows ?? []).map((row) => ({
      ordercode: text(row, 'ordercode'),
      number: integer(row, 'number'),
      dueAt: time(row, 'due_at'),
    })),
  ]
  return { leaseUntil, items: items.toSorted((a, b) => a.dueAt - b.dueAt) }
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
         WHERE ordercode = json_extract(value, '$.ordercode') AND due_at = ?2`,
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
