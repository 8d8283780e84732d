import { type OutRefundNo, toOutRefundNo } from '../../core/order/refund.ts'
import { later, type UnixSeconds } from '../../core/time.ts'
import type { ClaimedRefunds, NextRefundDue, Turn } from '../../ports/refund-store.ts'
import { integer, optionalTime, orNull, text } from '../d1/columns.ts'
import type { Database, Row } from '../d1/database.ts'
import { SENDING_S } from './refunds.ts'

/** Of several who would send a refund at once, one does. */
export async function takeTurn(
  db: Database,
  outRefundNo: OutRefundNo,
  now: UnixSeconds,
): Promise<Turn | undefined> {
  const { rows } = await db.run(
    `UPDATE refunds SET sending_until = ?2 WHERE out_refund_no = ?1 AND state = 'requested'
       AND (sending_until IS NULL OR sending_until <= ?3)
     RETURNING unanswered_at`,
    outRefundNo,
    later(now, SENDING_S),
    now,
  )
  return rows[0] === undefined ? undefined : turnFromRow(rows[0])
}
export const turnFromRow = (row: Row): Turn => ({
  unansweredAt: optionalTime(row, 'unanswered_at'),
})
/** Nothing was sent. */
export async function giveUpTurn(db: Database, outRefundNo: OutRefundNo): Promise<void> {
  await db.run('UPDATE refunds SET sending_until = NULL WHERE out_refund_no = ?', outRefundNo)
}
/** Remembers why WeChat does not take a refund yet, or any more; it may be sent again. */
export async function noteRefusal(
  db: Database,
  outRefundNo: OutRefundNo,
  { errCode, errCodeDes }: Readonly<{ errCode: string; errCodeDes: string }>,
  unansweredAt: UnixSeconds | undefined,
): Promise<void> {
  await db.run(
    `UPDATE refunds SET err_code = ?2, err_code_des = ?3, sending_until = NULL,
       unanswered_at = coalesce(?4, unanswered_at)
     WHERE out_refund_no = ?1 AND state IN ('requested', 'processing')`,
    outRefundNo,
    errCode,
    errCodeDes,
    orNull(unansweredAt),
  )
}
/** Remembers that WeChat may or may not have got it; it may be sent again. */
export async function noteUnanswered(
  db: Database,
  outRefundNo: OutRefundNo,
  now: UnixSeconds,
): Promise<void> {
  await db.run(
    `UPDATE refunds SET unanswered_at = ?2, sending_until = NULL
     WHERE out_refund_no = ?1 AND state = 'requested'`,
    outRefundNo,
    now,
  )
}
/**
 * Takes refunds that are due, the longest due first, with the turn to send those that WeChat has not taken
 * on; nobody else gets them until the lease ends.
 */
export async function claimRefunds(
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
     RETURNING out_refund_no, ordercode, unanswered_at, sending_until = ?1 AS is_our_turn`,
    leaseUntil,
    now,
    limit,
  )
  const items = rows.map((row) => ({
    outRefundNo: toOutRefundNo(text(row, 'out_refund_no')),
    ordercode: text(row, 'ordercode'),
    turn: row['is_our_turn'] === 1 ? turnFromRow(row) : undefined,
  }))
  return { leaseUntil, items }
}
/** @returns how many are due, up to a thousand. */
export async function countDueRefunds(db: Database, now: UnixSeconds): Promise<number> {
  const { rows } = await db.run(
    'SELECT count(*) AS due FROM (SELECT 1 FROM refunds WHERE due_at <= ? LIMIT 1000)',
    now,
  )
  return rows[0] === undefined ? 0 : integer(rows[0], 'due')
}
/** Says when refunds that did not change are due again; those that did have set their time themselves. */
export async function rescheduleRefunds(
  db: Database,
  claimed: ClaimedRefunds,
  next: readonly NextRefundDue[],
): Promise<void> {
  if (next.length === 0) return
  await db.run(
    `UPDATE refunds SET due_at = json_extract(value, '$.dueAt') FROM json_each(?1)
     WHERE out_refund_no = json_extract(value, '$.outRefundNo') AND due_at = ?2`,
    JSON.stringify(next),
    claimed.leaseUntil,
  )
}
/** Longer than a refund can take: sent, asked about, and sent again, each with two deadlines of 8 s. */
export const LEASE_S = 180
