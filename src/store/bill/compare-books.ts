/**
 * Finds payments and refunds in our records that WeChat's bill lacks, after the last row of the bill was read.
 * `page-facts.ts` compares in the other direction.
 */
import type { Bill } from '../../core/bill/bill.ts'
import type { Difference, DifferenceKind } from '../../core/bill/difference.ts'
import { BILL_DAYS_AVAILABLE, BILL_SKEW_S, REPORTED_WITHIN_S } from '../../core/bill/schedule.ts'
import { startOf } from '../../core/day.ts'
import { DAY_S, later } from '../../core/time.ts'
import type { Database } from '../d1/database.ts'
import { beijingDay, statement } from '../d1/sql.ts'
import { comparedBy } from './bill-lease.ts'
import { FOUND_AGAIN, insertDifferences, isPaidAt, PAYMENT, REFUND } from './difference-sql.ts'

/**
 * SQL: whether a difference of one of these kinds is already stored, for any day. It stands for the payment or
 * refund until our records and the bill agree.
 *
 * @param subject An SQL expression for the payment's or refund's number.
 */
const isKnown = (subject: string, ...kinds: readonly DifferenceKind[]): string =>
  `EXISTS (SELECT 1 FROM bill_differences known WHERE known.subject = ${subject}
    AND known.kind IN (${kinds.map((kind) => `'${kind}'`).join(', ')})
    AND known.stale = 0 AND known.outcome IS NOT 'booked')`

/**
 * SQL: whether payment `p` is missing from the bill, and from every other bill. Either `p` was paid on the
 * day of this bill. Or `p` was paid earlier, and recorded only after the bill of that earlier day was compared:
 * WeChat reported it late, the operator accepted it, or it was forged with a leaked key.
 */
const PAYMENT_MISSED = `p.billed_on IS NULL AND p.paid_at >= ?2 AND p.paid_at < ?4
  AND (p.paid_at >= ?3 OR EXISTS (
    SELECT 1 FROM bills WHERE day = ${beijingDay('p.paid_at')} AND state IN ('settling', 'reconciled')))
  AND NOT ${isKnown(
    'p.transaction_id',
    'payment_not_here',
    'payment_of_unknown_order',
    'payment_revoked',
    'payment_not_in_bill',
  )}
  AND ${isPaidAt('?5')}`

/**
 * SQL: the first and the last day whose bill may contain refund `r` of payment `p`. Of a refund that was made on
 * the merchant platform we only know that it is later than the payment.
 */
const FIRST_DAY = beijingDay(
  `iif(r.source = 'merchant_platform', p.paid_at, r.started_at) - ${BILL_SKEW_S}`,
)
const LAST_DAY = beijingDay(`r.accepted_at + ${BILL_SKEW_S}`)
/**
 * SQL: whether refund `r` is missing from every bill that may contain it.
 *
 * The bill of which day contains a refund depends on WeChat's clock, and WeChat's answer to the refund may have
 * been lost. So the bills of several days are possible: from the day on which we first sent the refund to the
 * day on which we learned that WeChat accepted it, plus and minus the difference of the clocks. The refund is
 * reported as missing when all of these bills were compared.
 */
const REFUND_MISSED = `r.accepted_at >= ?2 AND r.accepted_at < ?3 AND r.billed_on IS NULL
  AND ?1 BETWEEN ${FIRST_DAY} AND ${LAST_DAY}
  AND NOT ${isKnown(
    'r.out_refund_no',
    'refund_not_here',
    'refund_of_unknown_order',
    'refund_not_in_bill',
  )}
  AND julianday(${LAST_DAY}) - julianday(${FIRST_DAY}) + 1 = (
    SELECT count(*) FROM bills WHERE day BETWEEN ${FIRST_DAY} AND ${LAST_DAY}
      AND (day = ?1 OR state IN ('settling', 'reconciled')))
  AND ${isPaidAt('?4')}`

/**
 * Ends the comparison of a bill whose rows were all read: stores a difference for each payment or refund that
 * the bill lacks, and the differences of the file as a whole, deletes what this comparison has not found again,
 * and sets the bill's state to `settling`. Every statement has the guard that no other run has continued the
 * bill, and the state is stored last.
 *
 * @param ofFile The differences of the file as a whole, such as totals that are not the sums of the rows.
 * @param mchId The merchant number of the bill.
 * @returns the bill afterwards; undefined when another run has continued the bill.
 */
export async function finishComparing(
  db: Database,
  bill: Bill,
  ofFile: readonly Difference[],
  mchId: string,
): Promise<Bill | undefined> {
  const { day } = bill
  const from = startOf(day)
  const to = later(from, DAY_S)
  const guard = comparedBy(bill)
  const outcomes = await db.batch([
    // A payment may have been recorded after the bill's row about it was compared. That row is stored as the
    // difference `payment_not_here`, so PAYMENT_MISSED leaves the payment out.
    statement(
      `INSERT INTO bill_differences (day, kind, subject, ordercode, books)
       SELECT ?1, 'payment_not_in_bill', p.transaction_id, p.ordercode, ${PAYMENT}
       FROM payments p WHERE ${PAYMENT_MISSED} AND ${guard.sql} ${FOUND_AGAIN}`,
      day,
      later(from, -BILL_DAYS_AVAILABLE * DAY_S),
      from,
      to,
      mchId,
      ...guard.params,
    ),
    statement(
      `INSERT INTO bill_differences (day, kind, subject, ordercode, books)
       SELECT ?1, 'refund_not_in_bill', r.out_refund_no, r.ordercode, ${REFUND}
       FROM refunds r JOIN payments p ON p.transaction_id = r.transaction_id
       WHERE ${REFUND_MISSED} AND ${guard.sql} ${FOUND_AGAIN}`,
      day,
      from - BILL_SKEW_S,
      to + REPORTED_WITHIN_S,
      mchId,
      ...guard.params,
    ),
    ...insertDifferences(day, ofFile, guard),
    statement(
      `DELETE FROM bill_differences WHERE day = ? AND stale = 1 AND ${guard.sql}`,
      day,
      ...guard.params,
    ),
    statement(
      `UPDATE bills SET state = 'settling' WHERE day = ? AND ${guard.sql}`,
      day,
      ...guard.params,
    ),
  ])
  return outcomes.at(-1)?.changes === 1 ? { ...bill, state: 'settling' } : undefined
}
