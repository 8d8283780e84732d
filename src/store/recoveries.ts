/** Recoveries after a restore of the database, in D1. */
import { NO_COUNTS } from '../core/bill/bill.ts'
import { readyAt } from '../core/bill/schedule.ts'
import { addDays, type BeijingDay, dayOf } from '../core/day.ts'
import { DAY_S, later, type UnixSeconds } from '../core/time.ts'
import type { Recovery, RecoveryLeft } from '../ports/recovery-store.ts'
import { integer, optionalTime, time } from './d1/columns.ts'
import type { Database, Row } from './d1/database.ts'
import { beijingDay, statement } from './d1/sql.ts'

/**
 * How long before the restore a payment may have been made, for its refunds to be looked for, in seconds. Refunds of
 * older payments are found by the bills.
 */
const REFUNDS_BACK_S = 7 * DAY_S

/**
 * Begins a recovery, in one batch: all that may have changed at WeChat since the restore is due again. A recovery that
 * has begun already is not begun again.
 */
export async function beginRecovery(
  db: Database,
  since: UnixSeconds,
  now: UnixSeconds,
): Promise<Recovery | undefined> {
  const isNew = 'NOT EXISTS (SELECT 1 FROM recoveries WHERE since = ?1)'
  const [, , , , read] = await db.batch([
    statement(
      `UPDATE bills SET state = 'waiting', due_at = ?2, leased_until = NULL, tries = 0, last_error = NULL,
         rows_done = 0, counts = ?4
       WHERE day >= ?3 AND ${isNew}`,
      since,
      now,
      dayOf(since),
      JSON.stringify(NO_COUNTS),
    ),
    // The restored database may have no orders, so no order decides which bills are fetched.
    statement(
      `INSERT INTO bills (day, state, due_at, counts)
       SELECT value ->> 'day', 'waiting', value ->> 'dueAt', ?2 FROM json_each(?3)
       WHERE ${isNew} AND NOT EXISTS (SELECT 1 FROM bills WHERE day = value ->> 'day')`,
      since,
      JSON.stringify(NO_COUNTS),
      JSON.stringify(daysOf(since, now).map((day) => ({ day, dueAt: billDueAt(day, now) }))),
    ),
    // Live attempts, those that were just closed, and those whose payment may have been refunded since. Payments have no
    // index by order, so they are read once as a list, and not once for each attempt.
    statement(
      `UPDATE attempts SET due_at = ?2, is_recovering = 1
       WHERE (state IN ('open', 'closing') OR (state = 'closed' AND closed_at >= ?3)
           OR (state = 'paid' AND (ordercode, number) IN (
             SELECT ordercode, number FROM payments WHERE paid_at >= ?4)))
         AND ${isNew}`,
      since,
      now,
      later(since, -DAY_S),
      later(since, -REFUNDS_BACK_S),
    ),
    statement(
      `INSERT INTO recoveries (since, requested_at) SELECT ?1, ?2 WHERE ${isNew}`,
      since,
      now,
    ),
    statement('SELECT * FROM recoveries WHERE since = ?', since),
  ])
  return read?.rows[0] === undefined ? undefined : recoveryFromRow(read.rows[0])
}

/** The days since the restore whose bills WeChat has made, or makes today. */
function daysOf(since: UnixSeconds, now: UnixSeconds): readonly BeijingDay[] {
  const days: BeijingDay[] = []
  for (let day = dayOf(since); day < dayOf(now); day = addDays(day, 1)) days.push(day)
  return days
}

const billDueAt = (day: BeijingDay, now: UnixSeconds): UnixSeconds => {
  const ready = readyAt(day)
  return ready > now ? ready : now
}

/**
 * SQL: the attempts about which WeChat is still to answer. The attempts of a merchant number that was given up are
 * never asked about.
 */
const UNANSWERED = `SELECT mch_id FROM attempts WHERE is_recovering = 1
  AND (due_at IS NOT NULL OR state IN ('open', 'closing'))
  AND mch_id NOT IN (SELECT mch_id FROM other_merchants WHERE given_up_at IS NOT NULL)`

/**
 * Counts what is left of the recovery that has not finished, and stores that it has when nothing is left.
 *
 * @returns undefined when no recovery is under way.
 */
export async function recoveryLeft(
  db: Database,
  now: UnixSeconds,
): Promise<RecoveryLeft | undefined> {
  const bills = `SELECT 1 FROM bills WHERE due_at IS NOT NULL
    AND day >= ${beijingDay('since')} AND day < ${beijingDay('requested_at')}`
  const { rows } = await db.run(
    `UPDATE recoveries SET finished_at = iif(EXISTS (${UNANSWERED}) OR EXISTS (${bills}), NULL, ?)
     WHERE since = (SELECT min(since) FROM recoveries WHERE finished_at IS NULL)
     RETURNING since,
       (SELECT count(*) FROM (${UNANSWERED} LIMIT 1000)) AS attempts,
       (SELECT count(*) FROM (${UNANSWERED} AND mch_id IN (SELECT mch_id FROM other_merchants) LIMIT 1000))
         AS other_merchants,
       (SELECT count(*) FROM (${bills})) AS bills`,
    now,
  )
  const row = rows[0]
  return row === undefined
    ? undefined
    : {
        since: time(row, 'since'),
        attempts: integer(row, 'attempts'),
        otherMerchants: integer(row, 'other_merchants'),
        bills: integer(row, 'bills'),
      }
}

const recoveryFromRow = (row: Row): Recovery => ({
  since: time(row, 'since'),
  requestedAt: time(row, 'requested_at'),
  finishedAt: optionalTime(row, 'finished_at'),
})
