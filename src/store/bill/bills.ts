/** Bills in D1: one row for each Beijing day, with its state and progress. */
import { type Bill, type BillCounts, NO_COUNTS } from '../../core/bill/bill.ts'
import { BILL_DAYS_AVAILABLE, BILL_SKEW_S } from '../../core/bill/schedule.ts'
import { addDays, type BeijingDay, startOf } from '../../core/day.ts'
import { DAY_S, later, type UnixSeconds } from '../../core/time.ts'
import { orNull, text } from '../d1/columns.ts'
import type { Database } from '../d1/database.ts'
import { deliveryRow, type Outbox } from '../d1/outbox.ts'
import { beijingDay, type Guard, insertIf, statement, updateIf } from '../d1/sql.ts'
import { heldBy } from './bill-lease.ts'
import { billFromRow, rowFromBill } from './bill-row.ts'
import { endBillReviews } from './differences.ts'

/** The number of days before a bill with whose rates of the service fee the bill's rates are compared. */
const RATE_DAYS = 30

/** SQL: when the first order was registered, or, because its records may be lost, to when the database was restored. */
const FIRST_AT = `(SELECT min(at) FROM (
  SELECT min(created_at) AS at FROM orders UNION ALL SELECT min(since) FROM recoveries))`

/** Reads the bill of a day; undefined when the day has no row. */
export async function findBill(db: Database, day: BeijingDay): Promise<Bill | undefined> {
  const { rows } = await db.run('SELECT * FROM bills WHERE day = ?', day)
  return rows[0] === undefined ? undefined : billFromRow(rows[0])
}

/**
 * Makes every day without a bill due for download, from the day of the first order or of the first restore, 89 days back
 * at most, to `last`.
 */
export async function expectBills(db: Database, last: BeijingDay, now: UnixSeconds): Promise<void> {
  const days = Array.from({ length: BILL_DAYS_AVAILABLE }, (_, back) => addDays(last, -back))
  await db.run(
    `INSERT INTO bills (day, state, due_at, counts)
     SELECT value, 'waiting', ?1, ?2
     FROM json_each(iif(?4 > coalesce((SELECT max(day) FROM bills), ''), ?3, '[]'))
     WHERE value >= ${beijingDay(FIRST_AT)}
       AND NOT EXISTS (SELECT 1 FROM bills WHERE day = value)`,
    now,
    JSON.stringify(NO_COUNTS),
    JSON.stringify(days),
    last,
  )
}

/** The rates of WeChat's service fee in the reconciled bills of the days before a day, latest first. */
export async function ratesBefore(
  db: Database,
  day: BeijingDay,
): Promise<readonly BillCounts['rates'][]> {
  const { rows } = await db.run(
    `SELECT counts FROM bills WHERE day < ?1 AND day >= ?2 AND state = 'reconciled' ORDER BY day DESC`,
    day,
    addDays(day, -RATE_DAYS),
  )
  return rows.map((row) => (JSON.parse(text(row, 'counts')) as Partial<BillCounts>).rates ?? {})
}

/**
 * Whether WeChat's bill of the day should contain one of our payments or refunds, or may contain one because
 * an order is still `paying` and may have been paid that day, or because a restore of the database lost orders.
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
         WHERE due_at IS NOT NULL AND state = 'paying' AND created_at < ?3)
       OR EXISTS (
         SELECT 1 FROM recoveries
         WHERE ?1 BETWEEN ${beijingDay('since')} AND ${beijingDay('requested_at')}) AS expected`,
    day,
    from,
    to,
    BILL_SKEW_S,
  )
  return rows[0]?.['expected'] === 1
}

/**
 * Stores that the comparison of a bill with our records begins or continues. If it begins at the first row,
 * the differences that an earlier comparison found become stale, except `booked` ones: the new comparison
 * finds those that still exist, and deletes the others when it ends.
 *
 * @returns whether payments or refunds are marked as contained in the bill; undefined when the caller no longer
 *   holds the lease.
 */
export async function beginBill(db: Database, bill: Bill): Promise<boolean | undefined> {
  const guard = heldBy(bill)
  const [begun, marked] = await db.batch([
    updateIf(
      'bills',
      { day: bill.day },
      { ...rowFromBill(bill), leased_until: orNull(bill.leasedUntil) },
      ['day'],
      guard,
    ),
    statement(
      `SELECT EXISTS (SELECT 1 FROM payments WHERE billed_on = ?1)
         OR EXISTS (SELECT 1 FROM refunds WHERE billed_on = ?1) AS is_marked`,
      bill.day,
    ),
    ...(bill.counts.rows > 0
      ? []
      : [
          {
            sql: `UPDATE bill_differences SET stale = 1
              WHERE day = ? AND outcome IS NOT 'booked' AND ${guard.sql}`,
            params: [bill.day, ...guard.params],
          },
        ]),
  ])
  return begun?.changes === 1 ? marked?.rows[0]?.['is_marked'] === 1 : undefined
}

/**
 * Stores the bill's state and ends the lease. For a reconciled bill, also inserts the webhook
 * `bill.reconciled`, once for each day of a bill, and resolves reviews of differences that no longer exist.
 */
export async function saveBill(
  db: Database,
  bill: Bill,
  now: UnixSeconds,
  outbox: Outbox,
): Promise<void> {
  const webhook = {
    type: 'bill.reconciled',
    subject: bill.day,
    ordercode: undefined,
    revision: undefined,
  } as const
  const row = deliveryRow(webhook, now, outbox)
  const notYetNotified: Guard = {
    sql: `EXISTS (SELECT 1 FROM bills WHERE day = ? AND state = 'reconciled')
      AND NOT EXISTS (SELECT 1 FROM deliveries WHERE id = ?)`,
    params: [bill.day, row['id'] ?? null],
  }
  await db.batch([
    updateIf('bills', { day: bill.day }, rowFromBill(bill), ['day'], heldBy(bill)),
    ...(bill.state === 'reconciled'
      ? [insertIf('deliveries', row, notYetNotified), ...endBillReviews(now)]
      : []),
  ])
}
