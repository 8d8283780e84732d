/** The lease for sending a refund to WeChat, or for ending it: of several concurrent holders, one has it. */
import type { OutRefundNo } from '../../core/order/refund.ts'
import { later, MINUTE_S, type UnixSeconds } from '../../core/time.ts'
import type { RefundLimits, SendLease } from '../../ports/refund-store.ts'
import { integer, optionalTime, orNull } from '../d1/columns.ts'
import type { Database, Row } from '../d1/database.ts'
import type { Guard } from '../d1/sql.ts'
import { heldGuard } from './held-refunds.ts'

/**
 * The length of a send lease, in seconds. It is longer than sending a refund and querying WeChat after a
 * refusal take, and as long as an unanswered request may still reach WeChat.
 */
export const SENDING_S = MINUTE_S

/**
 * SQL for the `unanswered_at` of a refund whose lease is taken over at the time of the parameter. A lease that ended
 * by itself belongs to a sender that crashed or hangs. Its last message may have left at the end of the lease.
 */
export const TAKEN_OVER = 'iif(sending_until <= ?, sending_until, unanswered_at)'

/** Leases a refund for sending, unless it is held back. @returns undefined like {@link leaseUnless}. */
export async function acquireSendLease(
  db: Database,
  ordercode: string,
  outRefundNo: OutRefundNo,
  now: UnixSeconds,
  limits: RefundLimits,
): Promise<SendLease | undefined> {
  if (limits.paused) return undefined
  return leaseUnless(db, ordercode, outRefundNo, now, heldGuard(limits, now))
}

/** Leases a refund for ending it, also while it is held back. @returns undefined like {@link leaseUnless}. */
export const acquireEndLease = (
  db: Database,
  ordercode: string,
  outRefundNo: OutRefundNo,
  now: UnixSeconds,
): Promise<SendLease | undefined> =>
  leaseUnless(db, ordercode, outRefundNo, now, { sql: '0', params: [] })

/** @returns undefined when a concurrent holder has the lease, or the refund has a final state. */
async function leaseUnless(
  db: Database,
  ordercode: string,
  outRefundNo: OutRefundNo,
  now: UnixSeconds,
  held: Guard,
): Promise<SendLease | undefined> {
  const until = later(now, SENDING_S)
  const { rows } = await db.run(
    `UPDATE refunds SET sending_until = ?, lease_no = lease_no + 1, unanswered_at = ${TAKEN_OVER}
     WHERE out_refund_no = ? AND ordercode = ? AND state IN ('requested', 'processing')
       AND (sending_until IS NULL OR sending_until <= ?) AND NOT (${held.sql})
     RETURNING lease_no, unanswered_at`,
    until,
    now,
    outRefundNo,
    ordercode,
    now,
    ...held.params,
  )
  return rows[0] === undefined ? undefined : leaseFromRow(rows[0], until)
}

/** Reads a send lease from a row of `refunds`, of which `lease_no` and `unanswered_at` are needed. */
export const leaseFromRow = (row: Row, until: UnixSeconds): SendLease => ({
  until,
  number: integer(row, 'lease_no'),
  unansweredAt: optionalTime(row, 'unanswered_at'),
})

/**
 * SQL that is true as long as no other sender has had the lease since the caller, whose number is the parameter. Without it, a
 * write that D1 applies late would end the lease of the next sender.
 */
const OWN = 'lease_no = ?'

/** Ends the send lease of a refund that the caller did not send. */
export async function releaseSendLease(
  db: Database,
  ordercode: string,
  outRefundNo: OutRefundNo,
  { number }: SendLease,
): Promise<void> {
  await db.run(
    `UPDATE refunds SET sending_until = NULL WHERE out_refund_no = ? AND ordercode = ? AND ${OWN}`,
    outRefundNo,
    ordercode,
    number,
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
  { number }: SendLease,
  { errCode, errCodeDes }: Readonly<{ errCode: string; errCodeDes: string }>,
  unansweredAt: UnixSeconds | undefined,
): Promise<void> {
  await db.run(
    `UPDATE refunds SET err_code = ?, err_code_des = ?, sending_until = NULL,
       unanswered_at = coalesce(?, unanswered_at)
     WHERE out_refund_no = ? AND ordercode = ? AND state IN ('requested', 'processing') AND ${OWN}`,
    errCode,
    errCodeDes,
    orNull(unansweredAt),
    outRefundNo,
    ordercode,
    number,
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
  { number }: SendLease,
  now: UnixSeconds,
): Promise<void> {
  await db.run(
    `UPDATE refunds SET unanswered_at = ?, sending_until = NULL
     WHERE out_refund_no = ? AND ordercode = ? AND state IN ('requested', 'processing') AND ${OWN}`,
    now,
    outRefundNo,
    ordercode,
    number,
  )
}
