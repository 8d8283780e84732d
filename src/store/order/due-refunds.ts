/** Leases and reschedules refunds that are due to be sent to WeChat, or to be queried. */
import { toOutRefundNo } from '../../core/order/refund.ts'
import { later, type UnixSeconds } from '../../core/time.ts'
import type { ClaimedRefunds, NextRefundDue } from '../../ports/refund-store.ts'
import { integer, text } from '../d1/columns.ts'
import type { Database } from '../d1/database.ts'
import { leaseFromRow } from './send-lease.ts'

/**
 * The length of a lease, in seconds. It is longer than one refund can take: a send, a query and a second send,
 * each with a deadline of 8 s at the primary origin and another 8 s at the backup.
 */
const LEASE_S = 180

/**
 * Leases due refunds to the caller, the longest due first. For a refund that WeChat has not accepted, the
 * caller also gets the send lease, unless a concurrent sender holds it.
 */
export async function claimDueRefunds(
  db: Database,
  now: UnixSeconds,
  limit: number,
): Promise<ClaimedRefunds> {
  const leaseUntil = later(now, LEASE_S)
  const { rows } = await db.run(
    `UPDATE refunds SET due_at = ?1, sending_until =
       iif(state = 'requested' AND coalesce(sending_until, 0) <= ?2, ?1, sending_until)
     WHERE out_refund_no IN (
       SELECT out_refund_no FROM refunds WHERE due_at <= ?2 ORDER BY due_at, requested_at LIMIT ?3)
     RETURNING out_refund_no, ordercode, unanswered_at, sending_until = ?1 AS is_leased`,
    leaseUntil,
    now,
    limit,
  )
  const items = rows.map((row) => ({
    outRefundNo: toOutRefundNo(text(row, 'out_refund_no')),
    ordercode: text(row, 'ordercode'),
    lease: row['is_leased'] === 1 ? leaseFromRow(row) : undefined,
  }))
  return { leaseUntil, items }
}

/** @returns how many refunds are due, up to a thousand. */
export async function countDueRefunds(db: Database, now: UnixSeconds): Promise<number> {
  const { rows } = await db.run(
    'SELECT count(*) AS due FROM (SELECT 1 FROM refunds WHERE due_at <= ? LIMIT 1000)',
    now,
  )
  return rows[0] === undefined ? 0 : integer(rows[0], 'due')
}

/**
 * Sets when claimed refunds are due again. A refund whose due time has changed since it was claimed keeps the
 * new due time.
 */
export async function rescheduleRefunds(
  db: Database,
  claimed: ClaimedRefunds,
  next: readonly NextRefundDue[],
): Promise<void> {
  if (next.length === 0) return
  await db.run(
    `UPDATE refunds SET due_at = json_extract(value, '$.dueAt') FROM json_each(?1)
     WHERE out_refund_no = json_extract(value, '$.outRefundNo')
       AND ordercode = json_extract(value, '$.ordercode') AND due_at = ?2`,
    JSON.stringify(next),
    claimed.leaseUntil,
  )
}
