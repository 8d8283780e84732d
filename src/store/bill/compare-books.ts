/**
 * Finds payments and refunds in our records that WeChat's bill lacks, after the last row of the bill was read.
 * `compare-page.ts` compares in the other direction.
 */
import type { Bill, BookSums } from '../../core/bill/bill.ts'
import type { Difference, DifferenceKind } from '../../core/bill/difference.ts'
import { BILL_DAYS_AVAILABLE, BILL_SKEW_S, REPORTED_WITHIN_S } from '../../core/bill/schedule.ts'
import { startOf } from '../../core/day.ts'
import { DAY_S, later } from '../../core/time.ts'
import type { Database } from '../d1/database.ts'
import { beijingDay, statement } from '../d1/sql.ts'
import { PAYMENT, REFUND } from './difference-sql.ts'

/**
 * SQL: whether a difference of one of these kinds is already stored, for any day.
 *
 * @param subject An SQL expression for the payment's or refund's number.
 */
const isKnown = (subject: string, ...kinds: readonly DifferenceKind[]): string =>
  `EXISTS (SELECT 1 FROM bill_differences known WHERE known.subject = ${subject}
    AND known.kind IN (${kinds.map((kind) => `'${kind}'`).join(', ')}))`

/**
 * SQL: whether payment `p` is missing from the bill, and from every other bill. Either `p` was paid on the
 * day of this bill. Or `p` was paid earlier, and recorded only after the bill of that earlier day was compared:
 * WeChat reported it late, the operator accepted it, or it was forged with a leaked key.
 */
const PAYMENT_MISSED = `p.billed_on IS NULL AND p.paid_at >= ?2 AND p.paid_at < ?4
  AND (p.paid_at >= ?3 OR EXISTS (
    SELECT 1 FROM bills WHERE day = ${beijingDay('p.paid_at')} AND state IN ('settling', 'reconciled')))
  AND NOT ${isKnown('p.transaction_id', 'payment_not_here', 'payment_not_in_bill')}`

/** SQL: the first and the last day whose bill may contain refund `r`. */
const FIRST_DAY = beijingDay(`r.started_at - ${BILL_SKEW_S}`)
const LAST_DAY = beijingDay(`r.accepted_at + ${BILL_SKEW_S}`)
/**
 * SQL: whether refund `r` is missing from every bill that may contain it.
 *
 * The bill of which day contains a refund depends on WeChat's clock, and WeChat's answer to the refund may have
 * been lost. So the bills of several days are possible: from the day on which we first sent the refund to the
 * day on which we learned that WeChat accepted it, plus and minus the difference of the clocks. The refund is
 * reported as missing when the last of these bills is compared. Refunds made on the merchant platform are left
 * out, because we do not know when they were made.
 */
const REFUND_MISSED = `r.accepted_at >= ?2 AND r.accepted_at < ?3 AND r.started_at < ?4
  AND r.billed_on IS NULL AND r.source <> 'merchant_platform'
  AND NOT ${isKnown('r.out_refund_no', 'refund_not_here', 'refund_not_in_bill')}
  AND NOT EXISTS (
    SELECT 1 FROM bills WHERE day <> ?1 AND state IN ('waiting', 'comparing')
      AND day BETWEEN ${FIRST_DAY} AND ${LAST_DAY})
  AND EXISTS (SELECT 1 FROM bills WHERE day = ${LAST_DAY})`

/**
 * Stores a `sum_differs` difference when the payments of a day differ in number or sum between the bill and
 * our records, and the day has no other difference, apart from `row_unreadable`. A row that occurs twice in
 * the bill causes such a mismatch.
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
 * Ends the comparison of a bill whose rows were all read: stores a difference for each payment or refund that
 * the bill lacks, and the differences `sums`, and sets the bill's state to `settling`.
 *
 * @param sums One difference for each total in WeChat's last line that is not the sum of the rows.
 * @returns the bill afterwards; undefined when a concurrent run changed the bill's state or progress.
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
    // A payment may have been recorded after the bill's row about it was compared. That row is stored as the
    // difference `payment_not_here`, so PAYMENT_MISSED leaves the payment out.
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
