/** Leases of bills: only one run at a time works on a bill, and only its holder writes it. */
import { type Bill, NO_COUNTS } from '../../core/bill/bill.ts'
import type { BeijingDay } from '../../core/day.ts'
import { later, MINUTE_S, type UnixSeconds } from '../../core/time.ts'
import { integer, optionalTime, orNull, text } from '../d1/columns.ts'
import type { Database } from '../d1/database.ts'
import type { Guard } from '../d1/sql.ts'
import { billFromRow } from './bill-row.ts'

/** The length of a lease. It is longer than any step: a download may take a minute from each of two origins. */
const LEASE_S = 5 * MINUTE_S

/**
 * Leases the bill that has been due for the longest time. No other run can claim it until the lease ends.
 *
 * The bill is read first, and leased only if it has not changed since. When D1's answer to the lease is lost
 * and the statement is sent again, it leases no other bill and counts no second run: the bill waits until the
 * lease ends.
 */
export async function claimDueBill(db: Database, now: UnixSeconds): Promise<Bill | undefined> {
  const found = await db.run(
    `SELECT day, leased_until, tries FROM bills
     WHERE due_at <= ?1 AND (leased_until IS NULL OR leased_until <= ?1)
     ORDER BY due_at, day LIMIT 1`,
    now,
  )
  const [due] = found.rows
  if (due === undefined) return undefined
  const tries = integer(due, 'tries')
  const { rows } = await db.run(
    `UPDATE bills SET leased_until = ?1, tries = ?2
     WHERE day = ?3 AND leased_until IS ?4 AND tries = ?5 RETURNING *`,
    later(now, LEASE_S),
    tries + 1,
    text(due, 'day'),
    orNull(optionalTime(due, 'leased_until')),
    tries,
  )
  return rows[0] === undefined ? undefined : billFromRow(rows[0])
}

/**
 * Leases one day's bill, due or not. A repeated statement finds the bill leased, and changes nothing.
 *
 * @returns undefined when a concurrent run or request holds the lease.
 */
export async function claimBillOf(
  db: Database,
  day: BeijingDay,
  now: UnixSeconds,
): Promise<Bill | undefined> {
  const { rows } = await db.run(
    `INSERT INTO bills (day, state, due_at, leased_until, counts) VALUES (?1, 'waiting', ?2, ?3, ?4)
     ON CONFLICT (day) DO UPDATE SET leased_until = ?3, tries = tries + 1
       WHERE leased_until IS NULL OR leased_until <= ?2
     RETURNING *`,
    day,
    now,
    later(now, LEASE_S),
    JSON.stringify(NO_COUNTS),
  )
  return rows[0] === undefined ? undefined : billFromRow(rows[0])
}

/** A guard that is true while the caller holds the lease of the bill: only one run at a time writes it. */
export const heldBy = ({ day, leasedUntil }: Bill): Guard => ({
  sql: 'EXISTS (SELECT 1 FROM bills WHERE day = ? AND leased_until = ?)',
  params: [day, orNull(leasedUntil)],
})

/**
 * A guard that is true while the caller holds the lease of the bill, and no row was compared since the caller
 * read the bill.
 */
export const comparedBy = ({ day, leasedUntil, counts }: Bill): Guard => ({
  sql: `EXISTS (SELECT 1 FROM bills
    WHERE day = ? AND leased_until = ? AND state = 'comparing' AND rows_done = ?)`,
  params: [day, orNull(leasedUntil), counts.rows],
})

/** Ends the lease of a bill that could not be worked on. It is due later, so that no other day waits. */
export async function postponeBill(
  db: Database,
  { day, leasedUntil }: Bill,
  dueAt: UnixSeconds,
  reason: string,
): Promise<boolean> {
  const { changes } = await db.run(
    `UPDATE bills SET leased_until = NULL, last_error = ?4, due_at = iif(due_at IS NULL, NULL, ?3)
     WHERE day = ?1 AND leased_until = ?2`,
    day,
    orNull(leasedUntil),
    dueAt,
    reason,
  )
  return changes === 1
}
