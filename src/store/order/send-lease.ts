/** The lease for sending a refund to WeChat: of several concurrent senders, one holds it. */
import type { OutRefundNo } from '../../core/order/refund.ts'
import { later, MINUTE_S, type UnixSeconds } from '../../core/time.ts'
import type { SendLease } from '../../ports/refund-store.ts'
import { optionalTime, orNull } from '../d1/columns.ts'
import type { Database, Row } from '../d1/database.ts'

/**
 * The length of a send lease, in seconds. It is longer than sending a refund and querying WeChat after a
 * refusal take, and as long as an unanswered request may still reach WeChat.
 */
export const SENDING_S = MINUTE_S

/**
 * Leases a refund for sending.
 *
 * @returns undefined when a concurrent sender holds the lease, or WeChat has accepted the refund.
 */
export async function acquireSendLease(
  db: Database,
  ordercode: string,
  outRefundNo: OutRefundNo,
  now: UnixSeconds,
): Promise<SendLease | undefined> {
  const { rows } = await db.run(
    `UPDATE refunds SET sending_until = ?2 WHERE out_refund_no = ?1 AND state = 'requested'
       AND (sending_until IS NULL OR sending_until <= ?3) AND ordercode = ?4
     RETURNING unanswered_at`,
    outRefundNo,
    later(now, SENDING_S),
    now,
    ordercode,
  )
  return rows[0] === undefined ? undefined : leaseFromRow(rows[0])
}

/** Reads a send lease from a row of `refunds`, of which only `unanswered_at` is needed. */
export const leaseFromRow = (row: Row): SendLease => ({
  unansweredAt: optionalTime(row, 'unanswered_at'),
})

/** Ends the send lease of a refund that the caller did not send. */
export async function releaseSendLease(
  db: Database,
  ordercode: string,
  outRefundNo: OutRefundNo,
): Promise<void> {
  await db.run(
    'UPDATE refunds SET sending_until = NULL WHERE out_refund_no = ?1 AND ordercode = ?2',
    outRefundNo,
    ordercode,
  )
}

/**
 * Stores WeChat's reason for not accepting a refund yet, or for refusing a refund that it accepted before, and
 * ends the send lease. The refund may be sent again.
 *
 * @param unansweredAt When the same refund was sent before without a clear answer; undefined keeps the stored
 *   time.
 */
export async function noteRefusal(
  db: Database,
  ordercode: string,
  outRefundNo: OutRefundNo,
  { errCode, errCodeDes }: Readonly<{ errCode: string; errCodeDes: string }>,
  unansweredAt: UnixSeconds | undefined,
): Promise<void> {
  await db.run(
    `UPDATE refunds SET err_code = ?2, err_code_des = ?3, sending_until = NULL,
       unanswered_at = coalesce(?4, unanswered_at)
     WHERE out_refund_no = ?1 AND ordercode = ?5 AND state IN ('requested', 'processing')`,
    outRefundNo,
    errCode,
    errCodeDes,
    orNull(unansweredAt),
    ordercode,
  )
}

/**
 * Stores that a refund was sent and no answer came, so that WeChat may or may not have received it, and ends
 * the send lease. The refund may be sent again.
 */
export async function noteUnanswered(
  db: Database,
  ordercode: string,
  outRefundNo: OutRefundNo,
  now: UnixSeconds,
): Promise<void> {
  await db.run(
    `UPDATE refunds SET unanswered_at = ?2, sending_until = NULL
     WHERE out_refund_no = ?1 AND ordercode = ?3 AND state = 'requested'`,
    outRefundNo,
    now,
    ordercode,
  )
}
