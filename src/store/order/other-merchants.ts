/**
 * Sets the open work of other merchant numbers aside, and makes it due again. The orders, attempts and refunds stay
 * as they are: only their `due_at` changes.
 */
import { HOUR_S, later, type UnixSeconds } from '../../core/time.ts'
import type { OtherMerchant } from '../../ports/order-store.ts'
import { optionalTime, text, time } from '../d1/columns.ts'
import type { Database } from '../d1/database.ts'
import { endReviews } from '../d1/outbox.ts'
import { statement } from '../d1/sql.ts'

/** SQL: whether the order's live attempt belongs to the merchant number ?1. */
const LIVE_ATTEMPT = `EXISTS (SELECT 1 FROM attempts
  WHERE attempts.ordercode = orders.ordercode AND attempts.state IN ('open', 'closing')
    AND attempts.mch_id = ?1)`

/** SQL: whether the refund's payment belongs to the merchant number ?1. */
const PAYMENT = `EXISTS (SELECT 1 FROM payments JOIN attempts USING (ordercode, number)
  WHERE payments.transaction_id = refunds.transaction_id AND attempts.mch_id = ?1)`

/**
 * How far ahead work is set aside, in seconds. So the runs of an hour meet the work of another merchant number at
 * most once, and only rows that are due within the hour are read.
 */
const AHEAD_S = HOUR_S

/** Reads the merchant numbers whose work is set aside. */
export async function otherMerchants(db: Database): Promise<readonly OtherMerchant[]> {
  const { rows } = await db.run('SELECT * FROM other_merchants')
  return rows.map((row) => ({
    mchId: text(row, 'mch_id'),
    since: time(row, 'since'),
    givenUpAt: optionalTime(row, 'given_up_at'),
  }))
}

/**
 * Makes what is due of a merchant number, or will be within the hour, due at `until`. The orders of a number that was
 * given up stay due, because they are closed without WeChat.
 *
 * @returns how many orders, attempts and refunds were set aside.
 */
export async function setAside(
  db: Database,
  mchId: string,
  until: UnixSeconds,
  now: UnixSeconds,
): Promise<number> {
  const soon = later(now, AHEAD_S)
  const [, ...changed] = await db.batch([
    statement(
      'INSERT INTO other_merchants (mch_id, since) VALUES (?, ?) ON CONFLICT DO NOTHING',
      mchId,
      now,
    ),
    statement(
      'UPDATE attempts SET due_at = ?3 WHERE due_at < ?2 AND mch_id = ?1',
      mchId,
      soon,
      until,
    ),
    statement(
      `UPDATE orders SET due_at = ?3 WHERE due_at < ?2 AND ${LIVE_ATTEMPT}
         AND NOT EXISTS (
           SELECT 1 FROM other_merchants WHERE mch_id = ?1 AND given_up_at IS NOT NULL)`,
      mchId,
      soon,
      until,
    ),
    // A run that claimed a refund holds its send lease, too, which ends at the same time as the claim.
    statement(
      `UPDATE refunds SET due_at = ?3, sending_until = nullif(sending_until, due_at)
       WHERE due_at < ?2 AND ${PAYMENT}`,
      mchId,
      soon,
      until,
    ),
  ])
  return changed.reduce((sum, { changes }) => sum + changes, 0)
}

/** Makes the open work of a merchant number due again, and ends the review about it, with `note` if it is open. */
export async function resume(
  db: Database,
  mchId: string,
  note: string,
  now: UnixSeconds,
): Promise<void> {
  await db.batch([
    statement('UPDATE attempts SET due_at = ?2 WHERE due_at > ?2 AND mch_id = ?1', mchId, now),
    ordersDue(mchId, now),
    statement(`UPDATE refunds SET due_at = ?2 WHERE due_at > ?2 AND ${PAYMENT}`, mchId, now),
    endReviews({ sql: `kind = 'other_merchant' AND subject = ?`, params: [mchId] }, now, note),
    statement('DELETE FROM other_merchants WHERE mch_id = ?', mchId),
  ])
}

/** Stores that a merchant number was given up, and makes its orders due at their expiry. */
export async function giveUp(db: Database, mchId: string, now: UnixSeconds): Promise<void> {
  await db.batch([
    // The run that opened the review may have stopped before it set anything aside.
    statement(
      `INSERT INTO other_merchants (mch_id, since, given_up_at) VALUES (?1, ?2, ?2)
       ON CONFLICT (mch_id) DO UPDATE SET given_up_at = ?2`,
      mchId,
      now,
    ),
    ordersDue(mchId, now),
  ])
}

const ordersDue = (mchId: string, now: UnixSeconds) =>
  statement(
    `UPDATE orders SET due_at = max(expires_at, ?2) WHERE due_at > ?2 AND ${LIVE_ATTEMPT}`,
    mchId,
    now,
  )
