/** Bills in D1: which day is how far. */
import { BILL_DAYS_KEPT, type BillState } from '../core/bill.ts'
import { addDays, startOf, type BeijingDay } from '../core/day.ts'
import { DAY_S, later, MINUTE_S, type UnixSeconds } from '../core/time.ts'
import { NO_COUNTS, type Bill, type BillCounts, type BookSums } from '../service/bill-port.ts'
import type { Database, Outcome, Row, Statement } from './database.ts'
import { integer, optionalInteger, optionalText, optionalTime, orNull, text } from './rows.ts'
import { insertIf, statement, type Guard } from './sql.ts'
import { deliveryRow } from './told.ts'

/** Longer than a step can take: a download has a minute, and another one from the backup. */
const LEASE_S = 5 * MINUTE_S
const BEIJING_S = 8 * 60 * MINUTE_S
/** Our clock and WeChat's may differ by this much. */
const SKEW_S = 5 * MINUTE_S
/** A lost answer is made up for within this time. */
const LEARNT_WITHIN_S = 32 * DAY_S

export async function findBill(db: Database, day: BeijingDay): Promise<Bill | undefined> {
  const { rows } = await db.run('SELECT * FROM bills WHERE day = ?', day)
  return rows[0] === undefined ? undefined : billFromRow(rows[0])
}

export async function expectBills(db: Database, last: BeijingDay, now: UnixSeconds): Promise<void> {
  const days = Array.from({ length: BILL_DAYS_KEPT }, (_, back) => addDays(last, -back))
  await db.run(
    `INSERT INTO bills (day, state, due_at, counts)
     SELECT value, 'waiting', ?1, ?2 FROM json_each(?3)
     WHERE ?4 > coalesce((SELECT max(day) FROM bills), '')
       AND value >= date((SELECT min(created_at) FROM orders) + ?5, 'unixepoch')
       AND NOT EXISTS (SELECT 1 FROM bills WHERE day = value)`,
    now,
    JSON.stringify(NO_COUNTS),
    JSON.stringify(days),
    last,
    BEIJING_S,
  )
}

export async function claimDueBill(db: Database, now: UnixSeconds): Promise<Bill | undefined> {
  const { rows } = await db.run(
    `UPDATE bills SET leased_until = ?1
     WHERE day = (
       SELECT day FROM bills WHERE due_at <= ?2 AND (leased_until IS NULL OR leased_until <= ?2)
       ORDER BY due_at, day LIMIT 1)
     RETURNING *`,
    later(now, LEASE_S),
    now,
  )
  return rows[0] === undefined ? undefined : billFromRow(rows[0])
}

export async function claimAnew(
  db: Database,
  day: BeijingDay,
  now: UnixSeconds,
): Promise<Bill | undefined> {
  const { rows } = await db.run(
    `INSERT INTO bills (day, state, due_at, leased_until, counts) VALUES (?1, 'waiting', ?2, ?3, ?4)
     ON CONFLICT (day) DO UPDATE SET leased_until = ?3
       WHERE leased_until IS NULL OR leased_until <= ?2
     RETURNING *`,
    day,
    now,
    later(now, LEASE_S),
    JSON.stringify(NO_COUNTS),
  )
  return rows[0] === undefined ? undefined : billFromRow(rows[0])
}

export async function booksOn(db: Database, day: BeijingDay): Promise<BookSums> {
  const from = startOf(day)
  const to = later(from, DAY_S)
  const [payments, refunds] = await db.batch([
    statement(
      `SELECT count(*) AS count, coalesce(sum(total_fee), 0) AS fee FROM payments
       WHERE paid_at >= ?1 AND paid_at < ?2`,
      from,
      to,
    ),
    // The day of a refund is WeChat's; for one that no bill has, it is when we heard of it.
    statement(
      `SELECT count(*) AS count, coalesce(sum(refund_fee), 0) AS fee FROM refunds
       WHERE accepted_at >= ?1 AND accepted_at < ?2
         AND (billed_on = ?3 OR (billed_on IS NULL AND accepted_at < ?4))`,
      from,
      later(to, LEARNT_WITHIN_S),
      day,
      to,
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

/** @returns how much of ours WeChat must have in its bill of the day. */
export async function expectedOn(db: Database, day: BeijingDay): Promise<number> {
  const from = startOf(day)
  const to = later(from, DAY_S)
  const { rows } = await db.run(
    `SELECT (SELECT count(*) FROM payments WHERE paid_at >= ?1 AND paid_at < ?2)
       + (SELECT count(*) FROM refunds WHERE accepted_at >= ?1 AND accepted_at < ?2 - ?3
            AND started_at >= ?1 + ?3 AND source <> 'merchant_platform') AS count`,
    from,
    to,
    SKEW_S,
  )
  return rows[0] === undefined ? 0 : integer(rows[0], 'count')
}

/** Gives a bill back that could not be worked on; it comes again later, and nothing else waits for it. */
export async function postponeBill(
  db: Database,
  day: BeijingDay,
  dueAt: UnixSeconds,
  reason: string,
): Promise<void> {
  await db.run(
    `UPDATE bills SET leased_until = NULL, tries = tries + 1, last_error = ?3,
       due_at = iif(due_at IS NULL, NULL, ?2)
     WHERE day = ?1`,
    day,
    dueAt,
    reason,
  )
}

/** From the first row on: what an earlier comparison found, and nobody has booked, is to be found again. */
export async function beginBill(db: Database, bill: Bill): Promise<void> {
  await db.batch([
    statement(
      `UPDATE bills SET state = 'comparing', fetched_at = ?2, parts = ?3, bytes = ?4, rows_done = ?5,
         counts = ?6, due_at = ?7
       WHERE day = ?1`,
      bill.day,
      orNull(bill.fetchedAt),
      bill.parts,
      bill.bytes,
      bill.counts.rows,
      JSON.stringify(bill.counts),
      orNull(bill.dueAt),
    ),
    statement("DELETE FROM bill_differences WHERE day = ? AND outcome IS NOT 'booked'", bill.day),
  ])
}

/** Gives the bill back with what is known now; one that is reconciled tells the shop, once. */
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
  const untold: Guard = {
    sql: 'NOT EXISTS (SELECT 1 FROM deliveries WHERE id = ?)',
    params: [row['id'] ?? null],
  }
  await db.batch([
    saveStatement(bill),
    ...(bill.state === 'reconciled' ? [insertIf('deliveries', row, untold)] : []),
  ])
}

function saveStatement(bill: Bill): Statement {
  return statement(
    `UPDATE bills SET state = ?2, due_at = ?3, leased_until = NULL, tries = ?4, last_error = ?5,
       fetched_at = ?6, parts = ?7, bytes = ?8, rows_done = ?9, counts = ?10, reconciled_at = ?11
     WHERE day = ?1`,
    bill.day,
    bill.state,
    orNull(bill.dueAt),
    bill.tries,
    orNull(bill.lastError),
    orNull(bill.fetchedAt),
    bill.parts,
    bill.bytes,
    bill.counts.rows,
    JSON.stringify(bill.counts),
    orNull(bill.reconciledAt),
  )
}

function billFromRow(row: Row): Bill {
  return {
    day: text(row, 'day') as BeijingDay,
    state: text(row, 'state') as BillState,
    dueAt: optionalTime(row, 'due_at'),
    tries: integer(row, 'tries'),
    lastError: optionalText(row, 'last_error'),
    fetchedAt: optionalTime(row, 'fetched_at'),
    parts: optionalInteger(row, 'parts') ?? 0,
    bytes: integer(row, 'bytes'),
    counts: JSON.parse(text(row, 'counts')) as BillCounts,
    reconciledAt: optionalTime(row, 'reconciled_at'),
  }
}
