/** The other way: the books against a bill that was read to its end. */
import type { Bill, BookSums } from '../../core/bill/bill.ts'
import type { Difference, DifferenceKind } from '../../core/bill/difference.ts'
import { BILL_DAYS_AVAILABLE, BILL_SKEW_S, REPORTED_WITHIN_S } from '../../core/bill/schedule.ts'
import { startOf } from '../../core/day.ts'
import { DAY_S, later } from '../../core/time.ts'
import type { Database } from '../d1/database.ts'
import { beijingDay, statement } from '../d1/sql.ts'
import { PAYMENT, REFUND } from './difference-sql.ts'

/** It is known to differ already, under whatever day. */
const isKnown = (subject: string, ...kinds: readonly DifferenceKind[]): string =>
  `EXISTS (SELECT 1 FROM bill_differences known WHERE known.subject = ${subject}
    AND known.kind IN (${kinds.map((kind) => `'${kind}'`).join(', ')}))`

/**
 * Of this day; or of an earlier one whose bill was read before the payment was booked: late, by a person,
 * or by a notice that somebody forged with a key that leaked.
 */
const PAYMENT_MISSED = `p.billed_on IS NULL AND p.paid_at >= ?2 AND p.paid_at < ?4
  AND (p.paid_at >= ?3 OR EXISTS (
    SELECT 1 FROM bills WHERE day = ${beijingDay('p.paid_at')} AND state IN ('settling', 'reconciled')))
  AND NOT ${isKnown('p.transaction_id', 'payment_not_here', 'payment_not_in_bill')}`

const FIRST_DAY = beijingDay(`r.started_at - ${BILL_SKEW_S}`)
const LAST_DAY = beijingDay(`r.accepted_at + ${BILL_SKEW_S}`)
/**
 * We know a refund by our clock, and perhaps by a repetition after a lost answer: it is in the bill of some
 * day from when it was first sent to when we heard of it. Once all of those were read, the bill read last
 * misses it. Of refunds by hand we do not know the day.
 */
const REFUND_MISSED = `r.accepted_at >= ?2 AND r.accepted_at < ?3 AND r.started_at < ?4
  AND r.billed_on IS NULL AND r.source <> 'merchant_platform'
  AND NOT ${isKnown('r.out_refund_no', 'refund_not_here', 'refund_not_in_bill')}
  AND NOT EXISTS (
    SELECT 1 FROM bills WHERE day <> ?1 AND state IN ('waiting', 'comparing')
      AND day BETWEEN ${FIRST_DAY} AND ${LAST_DAY})
  AND EXISTS (SELECT 1 FROM bills WHERE day = ${LAST_DAY})`

/** When nothing else differs, a row that is there twice shows in the sums alone. */
export async function noteUnexplained(
  db: Database,
  { day, counts }: Bill,
  books: BookSums,
): Promise<boolean> {
  if (counts.payments === books.payments && counts.paymentFee === books.paymentFee) return false
  const { changes } = await db.run(
    `INSERT INTO bill_differences (day, kind, subject, bill, books)
     SELECT ?1, 'sum_differs', 'payments', ?2, ?3
     WHERE NOT EXISTS (SELECT 1 FROM bill_differences WHERE day = ?1 AND kind <> 'row_unreadable')`,
    day,
    JSON.stringify({ payments: counts.payments, total_fee: counts.paymentFee }),
    JSON.stringify({ payments: books.payments, total_fee: books.paymentFee }),
  )
  return changes === 1
}

export async function finishComparing(
  db: Database,
  bill: Bill,
  sums: readonly Difference[],
): Promise<Bill | undefined> {
  const { day } = bill
  const from = startOf(day)
  const to = later(from, DAY_S)
  const [moved] = await db.batch([
    statement(
      `UPDATE bills SET state = 'settling'
       WHERE day = ?1 AND state = 'comparing' AND rows_done = ?2`,
      day,
      bill.counts.rows,
    ),
    // What was booked since its row was read is in the bill, and among the differences already.
    statement(
      `INSERT INTO bill_differences (day, kind, subject, ordercode, books)
       SELECT ?1, 'payment_not_in_bill', p.transaction_id, p.ordercode, ${PAYMENT}
       FROM payments p WHERE ${PAYMENT_MISSED}
       ON CONFLICT DO NOTHING`,
      day,
      later(from, -BILL_DAYS_AVAILABLE * DAY_S),
      from,
      to,
    ),
    statement(
      `INSERT INTO bill_differences (day, kind, subject, ordercode, books)
       SELECT ?1, 'refund_not_in_bill', r.out_refund_no, r.ordercode, ${REFUND}
       FROM refunds r WHERE ${REFUND_MISSED}
       ON CONFLICT DO NOTHING`,
      day,
      from - BILL_SKEW_S,
      to + REPORTED_WITHIN_S,
      to + BILL_SKEW_S,
    ),
    ...sums.map((each) =>
      statement(
        `INSERT INTO bill_differences (day, kind, subject, bill, books) VALUES (?, ?, ?, ?, ?)
         ON CONFLICT DO NOTHING`,
        day,
        each.kind,
        each.subject,
        JSON.stringify(each.bill ?? {}),
        each.books === undefined ? null : JSON.stringify(each.books),
      ),
    ),
  ])
  return moved?.changes === 1 ? { ...bill, state: 'settling' } : undefined
}
