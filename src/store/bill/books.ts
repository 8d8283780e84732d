/** The sums of our records of a day, and the proof that they are those of the day's bill. */
import type { Bill, BookSums, DayBooks } from '../../core/bill/bill.ts'
import { type Difference, found } from '../../core/bill/difference.ts'
import { type BeijingDay, startOf } from '../../core/day.ts'
import { DAY_S, later } from '../../core/time.ts'
import { integer } from '../d1/columns.ts'
import type { Database, Outcome, Statement } from '../d1/database.ts'
import { statement } from '../d1/sql.ts'
import { heldBy } from './bill-lease.ts'
import { insertDifferences, isPaidAt } from './difference-sql.ts'

/** A number of payments or of refunds, and the sum of their amounts in fen. */
type Sum = Readonly<{ count: number; fee: number }>

/** Counts and adds up, in fen, the payments and refunds in our records that belong to a day's bill. */
export async function booksOn(db: Database, day: BeijingDay, mchId: string): Promise<DayBooks> {
  const from = startOf(day)
  // What no bill contains belongs to the day on which it was paid, or on which we learned that WeChat accepted it.
  const sums = (table: string, fee: string, at: string, isOurs: string): Statement =>
    statement(
      `SELECT is_marked, count(*) AS count, sum(fee) AS fee FROM (
         SELECT 1 AS is_marked, ${fee} AS fee FROM ${table} WHERE billed_on = ?1
         UNION ALL
         SELECT 0, ${fee} FROM ${table} p
         WHERE billed_on IS NULL AND ${at} >= ?2 AND ${at} < ?3 AND ${isOurs}
       ) GROUP BY is_marked`,
      day,
      from,
      later(from, DAY_S),
      mchId,
    )
  const isRefundOurs = `EXISTS (
    SELECT 1 FROM payments paid WHERE paid.transaction_id = p.transaction_id
      AND ${isPaidAt('?4', 'paid')})`
  const [payments, refunds] = await db.batch([
    sums('payments', 'total_fee', 'paid_at', isPaidAt('?4')),
    sums('refunds', 'refund_fee', 'accepted_at', isRefundOurs),
  ])
  const [marked, others] = [1, 0].map((isMarked) =>
    bookSums(sumIn(payments, isMarked), sumIn(refunds, isMarked)),
  ) as [BookSums, BookSums]
  return {
    marked,
    all: {
      payments: marked.payments + others.payments,
      paymentFee: marked.paymentFee + others.paymentFee,
      refunds: marked.refunds + others.refunds,
      refundFee: marked.refundFee + others.refundFee,
    },
  }
}

function sumIn(outcome: Outcome | undefined, isMarked: number): Sum {
  const row = outcome?.rows.find((each) => each['is_marked'] === isMarked)
  return row === undefined ? NOTHING : { count: integer(row, 'count'), fee: integer(row, 'fee') }
}

const NOTHING: Sum = { count: 0, fee: 0 }

const bookSums = (payments: Sum, refunds: Sum): BookSums => ({
  payments: payments.count,
  paymentFee: payments.fee,
  refunds: refunds.count,
  refundFee: refunds.fee,
})

/**
 * SQL: by how much the day's differences make the rows of the bill more than what is marked. A row counts in the
 * bill, except that of an unknown order. What differs must be marked; what was not here may have been recorded
 * since, and is then marked.
 */
const explained = (
  day: BeijingDay,
  what: 'payment' | 'refund',
  key: string,
  fee: string,
): Statement =>
  statement(
    `SELECT
       coalesce(sum(CASE d.kind WHEN '${what}_repeated' THEN d.bill ->> 'rows'
         WHEN '${what}_of_unknown_order' THEN 0 ELSE 1 END), 0) - count(o.${key}) AS count,
       coalesce(sum(iif(d.kind = '${what}_of_unknown_order', 0, d.bill ->> '${fee}')), 0)
         - coalesce(sum(o.${fee}), 0) AS fee
     FROM bill_differences d
     LEFT JOIN ${what}s o ON o.${key} = d.subject AND d.kind <> '${what}_repeated'
       AND (o.billed_on = d.day OR d.kind = '${what}_differs')
     WHERE d.day = ? AND d.outcome IS NOT 'booked' AND d.kind IN ('${what}_not_here',
       '${what}_differs', '${what}_repeated', '${what}_of_unknown_order')`,
    day,
  )

/**
 * Proves that the bill and what is marked as contained in it have the same numbers and sums, apart from what the
 * day's differences explain. Stores a difference `sum_differs` for payments and for refunds where they do not:
 * then a comparison has missed a difference.
 *
 * @param marked The sums of what is marked.
 * @returns whether a difference is new.
 */
export async function noteUnexplained(
  db: Database,
  bill: Bill,
  marked: BookSums,
): Promise<boolean> {
  const { day, counts } = bill
  const outcomes = await db.batch([
    explained(day, 'payment', 'transaction_id', 'total_fee'),
    explained(day, 'refund', 'out_refund_no', 'refund_fee'),
  ])
  const [byPayments, byRefunds] = outcomes.map(({ rows: [row] }) =>
    row === undefined ? NOTHING : { count: integer(row, 'count'), fee: integer(row, 'fee') },
  )
  const differences = [
    unexplained(
      day,
      ['payments', 'total_fee'],
      { count: counts.payments, fee: counts.paymentFee },
      { count: marked.payments, fee: marked.paymentFee },
      byPayments ?? NOTHING,
    ),
    unexplained(
      day,
      ['refunds', 'refund_fee'],
      { count: counts.refunds, fee: counts.refundFee },
      { count: marked.refunds, fee: marked.refundFee },
      byRefunds ?? NOTHING,
    ),
  ].filter((each) => each !== undefined)
  if (differences.length === 0) return false
  const inserted = await db.batch(insertDifferences(day, differences, heldBy(bill)))
  return inserted.some(({ changes }) => changes > 0)
}

function unexplained(
  day: BeijingDay,
  [subject, fee]: readonly ['payments', 'total_fee'] | readonly ['refunds', 'refund_fee'],
  bill: Sum,
  marked: Sum,
  explaining: Sum,
): Difference | undefined {
  const isProven =
    bill.count - marked.count === explaining.count && bill.fee - marked.fee === explaining.fee
  if (isProven) return undefined
  const side = (sum: Sum) => ({ [subject]: sum.count, [fee]: sum.fee })
  return found({ day, kind: 'sum_differs', subject, bill: side(bill), books: side(marked) })
}
