/**
 * The second direction of the comparison: payments and refunds in our records that a
 * completely read bill lacks.
 */
import type { Bill, BookSums } from '../../core/bill/bill.ts'
import type { Difference, DifferenceKind } from '../../core/bill/difference.ts'
import { BILL_DAYS_AVAILABLE, BILL_SKEW_S, REPORTED_WITHIN_S } from '../../core/bill/schedule.ts'
import { startOf } from '../../core/day.ts'
import { DAY_S, later } from '../../core/time.ts'
import type { Database } from '../d1/database.ts'
import { beijingDay, statement } from '../d1/sql.ts'
import { PAYMENT, REFUND } from './difference-sql.ts'

/** SQL: a difference of one of these kinds about `subject` is already stored, for any day. */
const isKnown = (subject: string, ...kinds: readonly DifferenceKind[]): string =>
  `EXISTS (SELECT 1 FROM bill_differences known WHERE known.subject = ${subject}
    AND known.kind IN (${kinds.map((kind) => `'${kind}'`).join(', ')}))`

/**
 * SQL: a payment that the bill should contain, and no bill does. It was paid on this day. Or it was paid
 * earlier, and recorded only after the bill of that day was compared: the payment was recorded late, was
 * accepted by the operator, or comes from a notice that was forged with a leaked key.
 */
const PAYMENT_MISSED = `p.billed_on IS NULL AND p.paid_at >= ?2 AND p.paid_at < ?4
  AND (p.paid_at >= ?3 OR EXISTS (
    SELECT 1 FROM bills WHERE day = ${beijingDay('p.paid_at')} AND state IN ('settling', 'reconciled')))
  AND NOT ${isKnown('p.transaction_id', 'payment_not_here', 'payment_not_in_bill')}`

/** SQL: the first and the last day whose bill may contain the refund. */
const FIRST_DAY = beijingDay(`r.started_at - ${BILL_SKEW_S}`)
const LAST_DAY = beijingDay(`r.accepted_at + ${BILL_SKEW_S}`)
/**
 * SQL: a refund that a bill should contain, and no bill does.
 *
 * We know a refund by our clock, and the first answer may have been lost. The bill that contains it is
 * therefore one of several days, from when the refund was first sent to when we learned of its
 * acceptance, give or take the difference of the clocks. Once the bills of all these days were
 * compared, the last one compared reports it. Refunds made on the merchant platform are left out,
 * because we do not know their day.
 */
const REFUND_MISSED = `r.accepted_at >= ?2 AND r.accepted_at < ?3 AND r.started_at < ?4
  AND r.billed_on IS NULL AND r.source <> 'merchant_platform'
  AND NOT ${isKnown('r.out_refund_no', 'refund_not_here', 'refund_not_in_bill')}
  AND NOT EXISTS (
    SELECT 1 FROM bills WHERE day <> ?1 AND state IN ('waiting', 'comparing')
      AND day BETWEEN ${FIRST_DAY} AND ${LAST_DAY})
  AND EXISTS (SELECT 1 FROM bills WHERE day = ${LAST_DAY})`

/**
 * Stores a `sum_differs` difference when no other difference explains why the sums of a day differ. A row
 * that occurs twice in the bill shows only in the sums.
 *
 * @returns whether the difference is new.
 */
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

/**
 * Stores what a completely read bill lacks, together with `sums`, the totals in WeChat's last line that
 * differ from its rows. The bill then is `settling`.
 *
 * @returns undefined when a concurrent run changed the bill's state or progress.
 */
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
    // A payment recorded after its row was compared is in the bill. Its row is stored as
    // `payment_not_here`, and the condition leaves it out.
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
