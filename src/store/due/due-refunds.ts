/** Leases and reschedules refunds that are due to be sent to WeChat, or to be queried. */
import { toOutRefundNo } from '../../core/order/refund.ts'
import { later, type UnixSeconds } from '../../core/time.ts'
import type { ClaimedRefunds, NextRefundDue, RefundLimits } from '../../ports/refund-store.ts'
import { text } from '../d1/columns.ts'
import type { Database } from '../d1/database.ts'
import { endHeldReviews, heldFrom, heldGuard, heldStatements } from '../order/held-refunds.ts'
import { leaseFromRow, TAKEN_OVER } from '../order/send-lease.ts'

/**
 * The length of a lease, in seconds. It is longer than one refund can take: a send, a query and a second send,
 * each with a deadline of 8 s at the primary origin and another 8 s at the backup.
 */
const LEASE_S = 180

/**
 * Leases due refunds to the caller, the longest due first, without those that are held back or that a concurrent
 * sender is sending. For a refund that WeChat has not accepted, the caller also gets the send lease.
 */
export async function claimDueRefunds(
  db: Database,
  now: UnixSeconds,
  count: number,
  limits: RefundLimits,
): Promise<ClaimedRefunds> {
  const leaseUntil = later(now, LEASE_S)
  const held = heldGuard(limits, now)
  const [claimed, , heldBack] = await db.batch([
    {
      sql: `UPDATE refunds SET due_at = ?,
              sending_until = iif(state = 'requested', ?, sending_until),
              lease_no = lease_no + (state = 'requested'),
              unanswered_at = iif(state = 'requested', ${TAKEN_OVER}, unanswered_at)
            WHERE out_refund_no IN (
              SELECT out_refund_no FROM refunds
              WHERE due_at <= ? AND NOT (state = 'requested' AND coalesce(sending_until, 0) > ?)
                AND NOT (${held.sql})
              ORDER BY due_at, requested_at LIMIT ?)
            RETURNING out_refund_no, ordercode, unanswered_at, lease_no,
              state = 'requested' AS is_leased,
              (SELECT mch_id FROM payments JOIN attempts USING (ordercode, number)
               WHERE payments.transaction_id = refunds.transaction_id) AS mch_id`,
      params: [leaseUntil, leaseUntil, now, now, now, ...held.params, count],
    },
    endHeldReviews(limits, now),
    ...heldStatements(limits, now),
  ])
  const items = (claimed?.rows ?? []).map((row) => ({
    outRefundNo: toOutRefundNo(text(row, 'out_refund_no')),
    ordercode: text(row, 'ordercode'),
    mchId: text(row, 'mch_id'),
    lease: row['is_leased'] === 1 ? leaseFromRow(row, leaseUntil) : undefined,
  }))
  return { leaseUntil, items, held: heldFrom(limits, now, heldBack) }
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
       AND ordercode = json_extract(value, '$.ordercode') AND +due_at = ?2`,
    JSON.stringify(next),
    claimed.leaseUntil,
  )
}
