/** SQL about differences: our side of them, and how they are stored. */
import type { BeijingDay } from '../../core/day.ts'
import type { Difference } from '../../core/bill/difference.ts'
import type { Statement } from '../d1/database.ts'
import { type Guard, statement } from '../d1/sql.ts'

/** The maximum number of differences in one parameter, which may have 2 MB. A difference has about 500 bytes. */
const INSERTED_AT_ONCE = 2_500

/**
 * SQL: whether payment `p` belongs to the merchant number in the parameter. A bill has no payments of other numbers.
 *
 * @param payment How the query names the table of payments.
 */
export const isPaidAt = (parameter: string, payment = 'p'): string =>
  `EXISTS (SELECT 1 FROM attempts a WHERE a.ordercode = ${payment}.ordercode
    AND a.number = ${payment}.number AND a.mch_id = ${parameter})`

/** SQL for the JSON of a payment. The query names the table of payments `p`. */
export const PAYMENT = `json_object('transaction_id', p.transaction_id,
  'out_trade_no', p.ordercode || iif(p.number = 1, '', '*' || p.number), 'total_fee', p.total_fee,
  'openid', p.openid, 'trade_type', p.trade_type, 'fee_type', p.fee_type)`
/** SQL for the JSON of a refund. The query names the table of refunds `r`. */
export const REFUND = `json_object('out_refund_no', r.out_refund_no, 'transaction_id', r.transaction_id,
  'refund_fee', r.refund_fee,
  'state', iif(r.state = 'closed' AND r.cancelled_at IS NOT NULL, 'cancelled', r.state))`

const IS_REPETITION = `kind IN ('payment_repeated', 'refund_repeated')`
const IS_SAME = 'stale = 1 AND bill IS excluded.bill AND books IS excluded.books'

/**
 * SQL that ends an INSERT of differences that a comparison found. If an earlier comparison of the day found a
 * difference with the same sides, it keeps its outcome, so that no second review opens. A repetition is added to
 * those on earlier pages.
 */
export const FOUND_AGAIN = `ON CONFLICT (day, kind, subject) DO UPDATE SET
    ordercode = excluded.ordercode,
    bill = iif(stale = 0 AND ${IS_REPETITION}, json_replace(bill,
      '$.rows', bill ->> 'rows' + excluded.bill ->> 'rows',
      '$.total_fee', bill ->> 'total_fee' + excluded.bill ->> 'total_fee',
      '$.refund_fee', bill ->> 'refund_fee' + excluded.bill ->> 'refund_fee'), excluded.bill),
    books = excluded.books,
    outcome = iif(${IS_SAME}, outcome, NULL),
    tries = iif(${IS_SAME}, tries, 0),
    stale = 0
  WHERE stale = 1 OR outcome = 'booked' OR ${IS_REPETITION}`

/** Inserts differences of a day that a comparison found, if the guard is true. */
export function insertDifferences(
  day: BeijingDay,
  differences: readonly Difference[],
  guard: Guard,
): readonly Statement[] {
  const statements: Statement[] = []
  for (let at = 0; at < differences.length; at += INSERTED_AT_ONCE) {
    // The sides are JSON texts within the JSON, so that they are stored, and compared, as they are written here.
    const rows = differences
      .slice(at, at + INSERTED_AT_ONCE)
      .map((each) => [
        each.kind,
        each.subject,
        each.ordercode,
        each.bill === undefined ? null : JSON.stringify(each.bill),
        each.books === undefined ? null : JSON.stringify(each.books),
      ])
    statements.push(
      statement(
        `INSERT INTO bill_differences (day, kind, subject, ordercode, bill, books)
         SELECT ?, value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4
         FROM json_each(?) WHERE ${guard.sql} ${FOUND_AGAIN}`,
        day,
        JSON.stringify(rows),
        ...guard.params,
      ),
    )
  }
  return statements
}
