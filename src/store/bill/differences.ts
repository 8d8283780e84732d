/** Reads and writes the differences between WeChat's bills and our records, and their outcomes. */
import type { Difference, DifferenceKind, ReportedDifference } from '../../core/bill/difference.ts'
import type { BeijingDay } from '../../core/day.ts'
import type { UnixSeconds } from '../../core/time.ts'
import { integer, optionalText, orNull, text } from '../d1/columns.ts'
import type { Database, Row, Statement } from '../d1/database.ts'
import { endReviews, LAST_FIRST } from '../d1/outbox.ts'
import { statement } from '../d1/sql.ts'

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
  day: BeijingDay,
  kind: DifferenceKind,
): Promise<void> {
  await db.run(
    `UPDATE bill_differences SET outcome = 'collected'
     WHERE day = ? AND kind = ? AND outcome IS NULL`,
    day,
    kind,
  )
}

/**
 * Counts all differences of a day, with and without an outcome, and reads the first `limit` of them with their
 * reviews.
 */
export async function differences(
  db: Database,
  day: BeijingDay,
  limit: number,
): Promise<Readonly<{ total: number; some: readonly ReportedDifference[] }>> {
  const [counted, listed] = await db.batch([
    statement('SELECT count(*) AS total FROM bill_differences WHERE day = ?', day),
    statement(
      `SELECT d.*, (
         SELECT id FROM reviews
         WHERE reviews.kind = 'bill_difference' AND reviews.subject = ${REVIEW_SUBJECT}
         ORDER BY ${LAST_FIRST} LIMIT 1) AS review_id
       FROM bill_differences d WHERE d.day = ? ORDER BY d.kind, d.subject LIMIT ?`,
      day,
      limit,
    ),
  ])
  const [row] = counted?.rows ?? []
  return {
    total: row === undefined ? 0 : integer(row, 'total'),
    some: (listed?.rows ?? []).map((difference) => ({
      ...differenceFromRow(difference),
      reviewId: optionalText(difference, 'review_id'),
    })),
  }
}

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
 * SQL that ends the reviews about a day's bill, if the day is reconciled: each review whose difference no longer
 * exists, and the review that reported the bill as missing.
 */
export const endBillReviews = (day: BeijingDay, now: UnixSeconds): Statement =>
  endReviews(
    {
      sql: `kind = 'bill_difference' AND subject >= ? || '.' AND subject < ? || '/'
        AND subject NOT IN (
          SELECT ${REVIEW_SUBJECT} FROM bill_differences d
          WHERE d.day = ? AND d.outcome IN ('review', 'collected'))
        AND EXISTS (SELECT 1 FROM bills WHERE day = ? AND state = 'reconciled')`,
      params: [day, day, day, day],
    },
    now,
    RESOLVED_NOTE,
  )

/**
 * Stores the outcome of a difference, and counts the try that led to it; an undefined outcome leaves the
 * difference open. With the outcome `booked`, the payment or refund is marked as contained in the bill.
 */
export async function resolveDifference(
  db: Database,
  { day, kind, subject, tries }: Difference,
  outcome: Difference['outcome'],
): Promise<void> {
  await db.batch([
    statement(
      `UPDATE bill_differences SET outcome = ?4, tries = ?5
       WHERE day = ?1 AND kind = ?2 AND subject = ?3 AND outcome IS NULL`,
      day,
      kind,
      subject,
      orNull(outcome),
      tries + 1,
    ),
    ...(outcome === 'booked'
      ? [
          statement(
            kind === 'payment_not_here'
              ? 'UPDATE payments SET billed_on = ?2 WHERE transaction_id = ?1'
              : 'UPDATE refunds SET billed_on = ?2 WHERE out_refund_no = ?1',
            subject,
            day,
          ),
        ]
      : []),
  ])
}

function differenceFromRow(row: Row): Difference {
  const side = (column: string): Difference['bill'] => {
    const value = optionalText(row, column)
    return value === undefined ? undefined : (JSON.parse(value) as Record<string, string | number>)
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
