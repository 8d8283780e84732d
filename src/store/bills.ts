/** Bills in D1: which day is how far. */
import { BILL_DAYS_KEPT, type BillState } from '../core/bill.ts'
import { addDays, startOf, type BeijingDay } from '../core/day.ts'
import { DAY_S, later, MINUTE_S, type UnixSeconds } from '../core/time.ts'
import { NO_COUNTS, type Bill, type BillCounts, type BookSums } from '../service/bill-port.ts'
import type { Database, Row, Statement } from './database.ts'
import { integer, optionalInteger, optionalText, optionalTime, orNull, text } from './rows.ts'
import { insertIf, statement, type Guard } from './sql.ts'
import { deliveryRow } from './told.ts'

/** Longer than a step can take: a download has a minute, and another one from the backup. */
const LEASE_S = 5 * MINUTE_S
const BEIJING_S = 8 * 60 * MINUTE_S

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
     WHERE day = (SELECT day FROM bills WHERE due_at <= ?2 ORDER BY due_at, day LIMIT 1)
       AND (leased_until IS NULL OR leased_until <= ?2)
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
     ON CONFLICT (day) DO UPDATE
       SET state = 'waiting', due_at = ?2, leased_until = ?3, rows_done = 0, counts = ?4
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
  const { rows } = await db.run(
    `SELECT count(*) AS payments, coalesce(sum(total_fee), 0) AS fee FROM payments
     WHERE paid_at >= ?1 AND paid_at < ?2`,
    from,
    later(from, DAY_S),
  )
  const [row] = rows
  if (row === undefined) return { payments: 0, paymentFee: 0 }
  return { payments: integer(row, 'payments'), paymentFee: integer(row, 'fee') }
}

export async function beginBill(db: Database, bill: Bill): Promise<void> {
  await db.run(
    `UPDATE bills SET state = 'comparing', fetched_at = ?2, parts = ?3, bytes = ?4, rows_done = ?5,
       counts = ?6
     WHERE day = ?1`,
    bill.day,
    orNull(bill.fetchedAt),
    bill.parts,
    bill.bytes,
    bill.counts.rows,
    JSON.stringify(bill.counts),
  )
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
