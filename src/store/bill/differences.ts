/** Reads and writes the differences between WeChat's bills and our records, and their outcomes. */
import type { Bill } from '../../core/bill/bill.ts'
import type {
  Difference,
  DifferenceKind,
  ReportedDifference,
  Side,
} from '../../core/bill/difference.ts'
import type { BeijingDay } from '../../core/day.ts'
import type { UnixSeconds } from '../../core/time.ts'
import { integer, optionalText, orNull, text } from '../d1/columns.ts'
import type { Database, Row, Statement } from '../d1/database.ts'
import { endReviews, LAST_FIRST } from '../d1/outbox.ts'
import { statement } from '../d1/sql.ts'
import { heldBy } from './bill-lease.ts'

/** The note of a review that is resolved because its difference no longer exists. */
const RESOLVED_NOTE = 'resolved automatically: bill and records agree'

/** Reads the differences of a day that have no outcome yet, those with the fewest tries first. */
export async function openDifferences(
  db: Database,
  day: BeijingDay,
  limit: number,
): Promise<readonly Difference[]> {
  const { rows } = await db.run(
    `SELECT * FROM bill_differences INDEXED BY bill_differences_open
     WHERE day = ?1 AND outcome IS NULL ORDER BY tries, kind, subject LIMIT ?2`,
    day,
    limit,
  )
  return rows.map(differenceFromRow)
}

/** Finds each kind with at least `atLeast` differences without an outcome on a day, and counts those. */
export async function manyDifferences(
  db: Database,
  day: BeijingDay,
  atLeast: number,
): Promise<readonly Readonly<{ kind: DifferenceKind; count: number }>[]> {
  const { rows } = await db.run(
    `SELECT kind, count(*) AS count FROM bill_differences INDEXED BY bill_differences_open
     WHERE day = ?1 AND outcome IS NULL GROUP BY kind HAVING count(*) >= ?2`,
    day,
    atLeast,
  )
  return rows.map((row) => ({
    kind: text(row, 'kind') as DifferenceKind,
    count: integer(row, 'count'),
  }))
}

/**
 * Sets the outcome `collected` for all differences of a kind and day that have no outcome yet: a single review
 * stands for all of them.
 */
export async function collectDifferences(
  db: Database,
  bill: Bill,
  kind: DifferenceKind,
): Promise<void> {
  const guard = heldBy(bill)
  await db.run(
    `UPDATE bill_differences SET outcome = 'collected'
     WHERE day = ? AND kind = ? AND outcome IS NULL AND ${guard.sql}`,
    bill.day,
    kind,
    ...guard.params,
  )
}

/**
 * Counts all differences of a day, with and without an outcome, and reads the first `limit` of them with their
 * reviews. While the day is compared again, those of the earlier comparison are left out until they are found
 * again.
 */
export async function differences(
  db: Database,
  day: BeijingDay,
  limit: number,
): Promise<Readonly<{ total: number; some: readonly ReportedDifference[] }>> {
  const [counted, listed] = await db.batch([
    statement('SELECT count(*) AS total FROM bill_differences WHERE day = ? AND stale = 0', day),
    firstDifferences(day, limit),
  ])
  const [row] = counted?.rows ?? []
  return {
    total: row === undefined ? 0 : integer(row, 'total'),
    some: (listed?.rows ?? []).map(reportedFromRow),
  }
}

/** Builds the statement that reads the first `limit` differences of a day, each with the last review about it. */
export const firstDifferences = (day: BeijingDay, limit: number): Statement =>
  statement(
    `SELECT d.*, (
       SELECT id FROM reviews
       WHERE (reviews.kind = 'bill_difference' AND reviews.subject = ${REVIEW_SUBJECT})
         OR (d.kind = 'payment_of_unknown_order' AND reviews.kind = 'unknown_order'
           AND reviews.subject = d.subject)
       ORDER BY ${LAST_FIRST} LIMIT 1) AS review_id
     FROM bill_differences d WHERE d.day = ? AND d.stale = 0 ORDER BY d.kind, d.subject LIMIT ?`,
    day,
    limit,
  )

/** Reads a row of {@link firstDifferences}. */
export const reportedFromRow = (row: Row): ReportedDifference => ({
  ...differenceFromRow(row),
  reviewId: optionalText(row, 'review_id'),
})

/** Counts the differences of a kind and day that have a review of their own. The count stops at `atMost`. */
export async function countReviewed(
  db: Database,
  day: BeijingDay,
  kind: DifferenceKind,
  atMost: number,
): Promise<number> {
  const { rows } = await db.run(
    `SELECT count(*) AS count FROM (
       SELECT 1 FROM bill_differences WHERE day = ? AND kind = ? AND outcome = 'review' LIMIT ?)`,
    day,
    kind,
    atMost,
  )
  return rows[0] === undefined ? 0 : integer(rows[0], 'count')
}

/** SQL for the subject of the review about the difference `d`; NULL when it has none. */
const REVIEW_SUBJECT = `CASE d.outcome WHEN 'review' THEN d.day || '.' || d.kind || '.' || d.subject
  WHEN 'collected' THEN d.day || '.' || d.kind END`

/**
 * SQL that ends the reviews about bills whose fact is over: each review of a reconciled day whose difference no
 * longer exists, and the review that reported the day's bill as missing. The difference may have been one of
 * another day: the payment of 23:59:58 is in the next day's bill. Also ends the review of a payment of an unknown
 * order that is recorded by now and contained in a bill.
 */
export const endBillReviews = (now: UnixSeconds): readonly Statement[] =>
  [
    `kind = 'bill_difference'
      AND EXISTS (
        SELECT 1 FROM bills WHERE day = substr(reviews.subject, 1, 10) AND state = 'reconciled')
      AND subject NOT IN (
        SELECT ${REVIEW_SUBJECT} FROM bill_differences d
        WHERE d.outcome IN ('review', 'collected') AND d.day IN (
          SELECT substr(lasting.subject, 1, 10) FROM reviews lasting
          WHERE lasting.ended_at IS NULL AND lasting.kind = 'bill_difference'))`,
    `resolved_at IS NULL AND kind = 'unknown_order' AND EXISTS (
        SELECT 1 FROM payments WHERE transaction_id = reviews.subject AND billed_on IS NOT NULL)`,
  ].map((sql) => endReviews({ sql, params: [] }, now, RESOLVED_NOTE))

/**
 * Stores the outcome of a difference, and counts the try that led to it; an undefined outcome leaves the
 * difference open. If our records have the payment or refund of the row by now, it is marked as contained in
 * the bill. Nothing changes when the caller no longer holds the bill's lease, or a second time.
 */
export async function resolveDifference(
  db: Database,
  bill: Bill,
  { day, kind, subject, tries }: Difference,
  outcome: Difference['outcome'],
): Promise<void> {
  const guard = heldBy(bill)
  const mark = (table: string, key: string): Statement =>
    statement(
      `UPDATE ${table} SET billed_on = ? WHERE ${key} = ? AND billed_on IS NULL AND ${guard.sql}`,
      day,
      subject,
      ...guard.params,
    )
  await db.batch([
    statement(
      `UPDATE bill_differences SET outcome = ?, tries = ?
       WHERE day = ? AND kind = ? AND subject = ? AND outcome IS NULL AND ${guard.sql}`,
      orNull(outcome),
      tries + 1,
      day,
      kind,
      subject,
      ...guard.params,
    ),
    ...(IN_BILL.payments.includes(kind) ? [mark('payments', 'transaction_id')] : []),
    ...(IN_BILL.refunds.includes(kind) ? [mark('refunds', 'out_refund_no')] : []),
  ])
}

/** The kinds of differences about a row of the bill whose payment or refund our records lacked. */
const IN_BILL: Readonly<Record<'payments' | 'refunds', readonly DifferenceKind[]>> = {
  payments: ['payment_not_here', 'payment_of_unknown_order'],
  refunds: ['refund_not_here', 'refund_of_unknown_order'],
}

function differenceFromRow(row: Row): Difference {
  const side = (column: string): Difference['bill'] => {
    const value = optionalText(row, column)
    return value === undefined ? undefined : (JSON.parse(value) as Side)
  }
  return {
    day: text(row, 'day') as BeijingDay,
    kind: text(row, 'kind') as DifferenceKind,
    subject: text(row, 'subject'),
    ordercode: optionalText(row, 'ordercode'),
    bill: side('bill'),
    books: side('books'),
    outcome: optionalText(row, 'outcome') as Difference['outcome'],
    tries: integer(row, 'tries'),
  }
}
