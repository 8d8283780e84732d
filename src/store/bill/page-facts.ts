/** Looks up what our records have about the rows of one page of a bill. */
import type { BillRow } from '../../core/bill/bill-row.ts'
import type { OurRecord, RowFacts } from '../../core/bill/compare.ts'
import type { Side } from '../../core/bill/difference.ts'
import type { BeijingDay } from '../../core/day.ts'
import { parseOutTradeNo } from '../../core/ids.ts'
import { integer, optionalText, text } from '../d1/columns.ts'
import type { Database, Row, Value } from '../d1/database.ts'
import { PAYMENT, REFUND } from './difference-sql.ts'

/**
 * The maximum number of characters of a text that is compared. A longer one is none of ours, and a page must fit
 * into one parameter.
 */
const CHARS_MAX = 129

/**
 * SQL: a table `l` with one row for each row of the page that may be ours. Parameter ?1 is a JSON array with an
 * array of the columns for each. `c` and `n` are the ordercode and the attempt's number of the out_trade_no, `f`
 * is the total_fee or refund_fee in fen; `r` is NULL but for refunds.
 */
const LINES = `WITH l AS MATERIALIZED (
  SELECT value ->> 0 AS i, value ->> 1 AS k, value ->> 2 AS a, value ->> 3 AS t, value ->> 4 AS c,
    value ->> 5 AS n, value ->> 6 AS f, value ->> 7 AS o, value ->> 8 AS y, value ->> 9 AS u,
    value ->> 10 AS r
  FROM json_each(?1))`

/** SQL: whether WeChat has accepted refund `r`, as far as we know. */
const IS_ACCEPTED = `(r.accepted_at IS NOT NULL AND r.state NOT IN ('requested', 'refused'))`

/** SQL: whether the row agrees with our records, and no bill contains its payment or refund so far. */
const AGREES = `a.number IS NOT NULL AND CASE l.k
  WHEN 'payment' THEN p.ordercode = l.c AND p.number = l.n AND p.total_fee = l.f
    AND l.o IN ('', p.openid) AND p.trade_type = l.y AND p.fee_type = l.u AND p.billed_on IS NULL
  WHEN 'refund' THEN r.transaction_id = l.t AND r.refund_fee = l.f AND ${IS_ACCEPTED}
    AND r.billed_on IS NULL
  ELSE 0 END`

/**
 * Reads what our records have about the rows of a page, by the number of the row. Rows whose number cannot be
 * ours, and rows that agree with our records, have no entry: they are by far the most, and none of them is read
 * into the Worker.
 */
export async function pageFacts(
  db: Database,
  day: BeijingDay,
  rows: readonly BillRow[],
): Promise<ReadonlyMap<number, RowFacts>> {
  const lines = rows.flatMap((row): readonly (readonly Value[])[] => {
    const number = row.kind === 'unreadable' ? undefined : parseOutTradeNo(row.outTradeNo)
    if (row.kind === 'unreadable' || number === undefined) return []
    const { ordercode, number: n } = number
    const which = [row.row, row.kind, cut(row.appid), row.transactionId, ordercode, n]
    return [
      row.kind === 'refund'
        ? [...which, row.refundFee, '', '', '', row.outRefundNo]
        : [...which, row.totalFee, cut(row.openid), cut(row.tradeType), cut(row.feeType)],
    ]
  })
  if (lines.length === 0) return new Map()
  const { rows: found } = await db.run(
    `${LINES}
     SELECT l.i, a.number IS NOT NULL AS is_our_attempt,
       p.transaction_id IS NOT NULL OR EXISTS (SELECT 1 FROM orders WHERE ordercode = l.c) AS is_our_order,
       CASE WHEN l.k = 'refund' THEN iif(r.out_refund_no IS NULL, NULL, ${REFUND})
         ELSE iif(p.transaction_id IS NULL, NULL, ${PAYMENT}) END AS side,
       iif(l.k = 'refund', r.billed_on, p.billed_on) AS billed_on,
       iif(l.k = 'refund', ${IS_ACCEPTED}, 1) AS is_accepted,
       EXISTS (
         SELECT 1 FROM bill_differences d
         WHERE d.day = ?2 AND d.kind = iif(l.k = 'refund', 'refund_not_here', 'payment_not_here')
           AND d.subject = coalesce(l.r, l.t) AND d.stale = 0 AND d.outcome IS NOT 'booked'
       ) AS is_reported
     FROM l
     LEFT JOIN attempts a ON a.ordercode = l.c AND a.number = l.n AND a.appid = l.a
     LEFT JOIN payments p ON p.transaction_id = l.t
     LEFT JOIN refunds r ON r.out_refund_no = l.r
     WHERE NOT coalesce(${AGREES}, 0)`,
    JSON.stringify(lines),
    day,
  )
  return new Map(found.map((row) => [integer(row, 'i'), factsFrom(row)]))
}

const cut = (long: string): string => long.slice(0, CHARS_MAX)

const factsFrom = (row: Row): RowFacts => ({
  isOurAttempt: integer(row, 'is_our_attempt') === 1,
  isOurOrder: integer(row, 'is_our_order') === 1,
  record: recordFrom(row),
  isReported: integer(row, 'is_reported') === 1,
})

function recordFrom(row: Row): OurRecord | undefined {
  if (row['side'] === null) return undefined
  return {
    side: JSON.parse(text(row, 'side')) as Side,
    billedOn: optionalText(row, 'billed_on'),
    isAccepted: integer(row, 'is_accepted') === 1,
  }
}
