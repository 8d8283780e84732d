/** Bills in D1: one row for each Beijing day, with its state and progress. */
import {
  type Bill,
  type BillCounts,
  type BillState,
  type BookSums,
  NO_COUNTS,
} from '../../core/bill/bill.ts'
import { BILL_DAYS_AVAILABLE, BILL_SKEW_S, REPORTED_WITHIN_S } from '../../core/bill/schedule.ts'
import { addDays, type BeijingDay, startOf } from '../../core/day.ts'
import { DAY_S, later, MINUTE_S, type UnixSeconds } from '../../core/time.ts'
import {
  integer,
  optionalInteger,
  optionalText,
  optionalTime,
  orNull,
  text,
} from '../d1/columns.ts'
import type { Database, Outcome, Row, Value } from '../d1/database.ts'
import { deliveryRow } from '../d1/outbox.ts'
import { beijingDay, type Guard, insertIf, statement, updateIf } from '../d1/sql.ts'
import { endBillReviews } from './differences.ts'

/** The length of a lease. It is longer than any step: a download may take a minute from each of two origins. */
const LEASE_S = 5 * MINUTE_S

/** Reads the bill of a day; undefined when the day has no row. */
export async function findBill(db: Database, day: BeijingDay): Promise<Bill | undefined> {
  const { rows } = await db.run('SELECT * FROM bills WHERE day = ?', day)
  return rows[0] === undefined ? undefined : billFromRow(rows[0])
}

/** Makes every day without a bill due for download, from the first order's day, 89 days back at most, to `last`. */
export async function expectBills(db: Database, last: BeijingDay, now: UnixSeconds): Promise<void> {
  const days = Array.from({ length: BILL_DAYS_AVAILABLE }, (_, back) => addDays(last, -back))
  await db.run(
    `INSERT INTO bills (day, state, due_at, counts)
     SELECT value, 'waiting', ?1, ?2 FROM json_each(?3)
     WHERE ?4 > coalesce((SELECT max(day) FROM bills), '')
       AND value >= ${beijingDay('(SELECT min(created_at) FROM orders)')}
       AND NOT EXISTS (SELECT 1 FROM bills WHERE day = value)`,
    now,
    JSON.stringify(NO_COUNTS),
    JSON.stringify(days),
    last,
  )
}

/** Leases the bill that has been due for the longest time. No other run can claim it until the lease ends. */
export async function claimDueBill(db: Database, now: UnixSeconds): Promise<Bill | undefined> {
  const { rows } = await db.run(
    `UPDATE bills SET leased_until = ?1, tries = tries + 1
     WHERE day = (
       SELECT day FROM bills WHERE due_at <= ?2 AND (leased_until IS NULL OR leased_until <= ?2)
       ORDER BY due_at, day LIMIT 1)
     RETURNING *`,
    later(now, LEASE_S),
    now,
  )
  return rows[0] === undefined ? undefined : billFromRow(rows[0])
}

/** Leases one day's bill, due or not. @returns undefined when a concurrent run or request holds the lease. */
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

/** Counts and adds up, in fen, the payments and refunds in our records that belong to a day's bill. */
export async function booksOn(db: Database, day: BeijingDay): Promise<BookSums> {
  const from = startOf(day)
  const to = later(from, DAY_S)
  const [payments, refunds] = await db.batch([
    // A payment that no bill contains belongs to the day on which it was paid.
    statement(
      `SELECT count(*) AS count, coalesce(sum(total_fee), 0) AS fee FROM (
         SELECT total_fee FROM payments WHERE billed_on = ?1
         UNION ALL
         SELECT total_fee FROM payments WHERE billed_on IS NULL AND paid_at >= ?2 AND paid_at < ?3)`,
      day,
      from,
      to,
    ),
    // A refund that no bill contains belongs to the day on which we learned that WeChat accepted it.
    statement(
      `SELECT count(*) AS count, coalesce(sum(refund_fee), 0) AS fee FROM refunds
       WHERE accepted_at >= ?2 - ?5 AND accepted_at < ?4
         AND (billed_on = ?1 OR (billed_on IS NULL AND accepted_at >= ?2 AND accepted_at < ?3))`,
      day,
      from,
      to,
      later(to, REPORTED_WITHIN_S),
      BILL_SKEW_S,
    ),
  ])
  const of = (outcome: Outcome | undefined, column: string): number =>
    outcome?.rows[0] === undefined ? 0 : integer(outcome.rows[0], column)
  return {
    payments: of(payments, 'count'),
    paymentFee: of(payments, 'fee'),
    refunds: of(refunds, 'count'),
    refundFee: of(refunds, 'fee'),
  }
}

/**
 * Whether WeChat's bill of the day should contain one of our payments or refunds, or may contain one because
 * an order is still `paying` and may have been paid that day.
 */
export async function isExpectedOn(db: Database, day: BeijingDay): Promise<boolean> {
  const from = startOf(day)
  const to = later(from, DAY_S)
  const { rows } = await db.run(
    `SELECT EXISTS (SELECT 1 FROM payments WHERE billed_on = ?1)
       OR EXISTS (SELECT 1 FROM payments WHERE billed_on IS NULL AND paid_at >= ?2 AND paid_at < ?3)
       OR EXISTS (
         SELECT 1 FROM refunds WHERE accepted_at >= ?2 AND accepted_at < ?3 - ?4
           AND started_at >= ?2 + ?4 AND source <> 'merchant_platform')
       OR EXISTS (
         SELECT 1 FROM orders INDEXED BY orders_due
         WHERE due_at IS NOT NULL AND state = 'paying' AND created_at < ?3) AS expected`,
    day,
    from,
    to,
    BILL_SKEW_S,
  )
  return rows[0]?.['expected'] === 1
}

/** A guard that is true while the caller holds the lease of the bill: only one run at a time writes it. */
const heldBy = ({ day, leasedUntil }: Bill): Guard => ({
  sql: 'EXISTS (SELECT 1 FROM bills WHERE day = ? AND leased_until = ?)',
  params: [day, orNull(leasedUntil)],
})

/** Ends the lease of a bill that could not be worked on. It is due later, so that no other day waits. */
export async function postponeBill(
  db: Database,
  { day, leasedUntil }: Bill,
  dueAt: UnixSeconds,
  reason: string,
): Promise<void> {
  await db.run(
    `UPDATE bills SET leased_until = NULL, last_error = ?4, due_at = iif(due_at IS NULL, NULL, ?3)
     WHERE day = ?1 AND leased_until = ?2`,
    day,
    orNull(leasedUntil),
    dueAt,
    reason,
  )
}

/**
 * Stores that the comparison of a bill with our records begins or continues. If it begins at the first row,
 * the differences that an earlier comparison found are deleted, except `booked` ones: the new comparison
 * finds those that still exist.
 *
 * @returns false when the caller no longer holds the lease.
 */
export async function beginBill(db: Database, bill: Bill): Promise<boolean> {
  const guard = heldBy(bill)
  const [begun] = await db.batch([
    updateIf(
      'bills',
      { day: bill.day },
      { ...rowFromBill(bill), leased_until: orNull(bill.leasedUntil) },
      ['day'],
      guard,
    ),
    ...(bill.counts.rows > 0
      ? []
      : [
          {
            sql: `DELETE FROM bill_differences WHERE day = ? AND outcome IS NOT 'booked' AND ${guard.sql}`,
            params: [bill.day, ...guard.params],
          },
        ]),
  ])
  return begun?.changes === 1
}

/**
 * Stores the bill's state and ends the lease. For a reconciled bill, also inserts the webhook
 * `bill.reconciled`, once for each day of a bill, and resolves reviews of differences that no longer exist.
 */
export async function saveBill(
  db: Database,
  bill: Bill,
  now: UnixSeconds,
  hasTarget: boolean,
): Promise<void> {
  const webhook = {
    type: 'bill.reconciled',
    subject: bill.day,
    ordercode: undefined,
    revision: undefined,
  } as const
  const row = deliveryRow(webhook, now, hasTarget)
  const notYetNotified: Guard = {
    sql: `EXISTS (SELECT 1 FROM bills WHERE day = ? AND state = 'reconciled')
      AND NOT EXISTS (SELECT 1 FROM deliveries WHERE id = ?)`,
    params: [bill.day, row['id'] ?? null],
  }
  await db.batch([
    updateIf('bills', { day: bill.day }, rowFromBill(bill), ['day'], heldBy(bill)),
    ...(bill.state === 'reconciled'
      ? [insertIf('deliveries', row, notYetNotified), endBillReviews(bill.day, now)]
      : []),
  ])
}

/** Converts a bill to its row. `leased_until` is NULL, because writing the row ends the lease. */
const rowFromBill = (bill: Bill): Record<string, Value> => ({
  day: bill.day,
  state: bill.state,
  due_at: orNull(bill.dueAt),
  leased_until: null,
  tries: bill.tries,
  last_error: orNull(bill.lastError),
  fetched_at: orNull(bill.fetchedAt),
  parts: bill.parts,
  bytes: bill.bytes,
  rows_done: bill.counts.rows,
  counts: JSON.stringify(bill.counts),
  reconciled_at: orNull(bill.reconciledAt),
})

function billFromRow(row: Row): Bill {
  return {
    day: text(row, 'day') as BeijingDay,
    state: text(row, 'state') as BillState,
    dueAt: optionalTime(row, 'due_at'),
    leasedUntil: optionalTime(row, 'leased_until'),
    tries: integer(row, 'tries'),
    lastError: optionalText(row, 'last_error'),
    fetchedAt: optionalTime(row, 'fetched_at'),
    parts: optionalInteger(row, 'parts') ?? 0,
    bytes: integer(row, 'bytes'),
    counts: JSON.parse(text(row, 'counts')) as BillCounts,
    reconciledAt: optionalTime(row, 'reconciled_at'),
  }
}
