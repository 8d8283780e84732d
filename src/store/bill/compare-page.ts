/** Compares rows of a bill with our records. SQL compares them, so that no record is read into the Worker. */
import type { Bill, BillCounts } from '../../core/bill/bill.ts'
import type { BeijingDay } from '../../core/day.ts'
import { parseOutTradeNo } from '../../core/ids.ts'
import type { BillRow } from '../../ports/bill-reader.ts'
import { integer } from '../d1/columns.ts'
import type { Database, Row, Statement } from '../d1/database.ts'
import { statement } from '../d1/sql.ts'
import { CANCELLED, outTradeNo, PAYMENT, REFUND } from './difference-sql.ts'

/** A row of the bill, as JSON for the SQL. The names are short, because a page has thousands of rows. */
type Line = Readonly<{
  /** The kind of the row: `payment`, `refund` or `revoked`. */
  k: string
  /** transaction_id */
  t: string
  /** The ordercode of the row's out_trade_no. */
  c: string
  /** The number of the attempt in the row's out_trade_no. */
  n: number
  /** total_fee of a payment or refund_fee of a refund, in fen. */
  f: number
  /** settlement_total_fee of a payment, in fen; 0 for a refund. */
  s: number
  /** WeChat's service fee, in 1/1000 fen. */
  e: number
  /** out_refund_no */
  r?: string
}>

/** SQL: a table with one row for each {@link Line}. Parameter ?1 is the JSON array of lines. */
const LINES = `SELECT json_extract(value, '$.k') AS k, json_extract(value, '$.t') AS t,
  json_extract(value, '$.c') AS c, json_extract(value, '$.n') AS n, json_extract(value, '$.f') AS f,
  json_extract(value, '$.s') AS s, json_extract(value, '$.e') AS e,
  json_extract(value, '$.r') AS r FROM json_each(?1)`

/**
 * Compares one page of a bill: marks our payments and refunds as contained in the bill, stores differences,
 * and adds to the bill's counts, all in one batch with the bill's progress. A row of another appid, or of an
 * order that we do not have, is only counted, as `others`.
 *
 * @param bill The bill before this page.
 * @returns the bill after this page; undefined when a concurrent run compared the page first.
 */
export async function comparePage(
  db: Database,
  bill: Bill,
  appid: string,
  rows: readonly BillRow[],
): Promise<Bill | undefined> {
  const lines = rows.flatMap((row): Line[] => {
    const ours = row.kind === 'unreadable' ? undefined : parseOutTradeNo(row.outTradeNo)
    if (row.kind === 'unreadable' || ours === undefined || row.appid !== appid) return []
    const { ordercode: c, number: n } = ours
    const line = { k: row.kind, t: row.transactionId, c, n, e: row.serviceFee }
    return row.kind === 'refund'
      ? [{ ...line, f: row.refundFee, s: 0, r: row.outRefundNo }]
      : [{ ...line, f: row.totalFee, s: row.settlementTotalFee }]
  })
  const json = JSON.stringify(lines)
  // Another system of the merchant may use numbers in our format. So a row is ours only if its order exists
  // in our records.
  const { rows: sums } = await db.run(
    `SELECT k, count(*) AS lines, sum(f) AS fee, sum(s) AS settlement, sum(e) AS service
     FROM (${LINES})
     WHERE EXISTS (SELECT 1 FROM orders WHERE ordercode = c) GROUP BY k`,
    json,
  )
  const counts = addUp(bill.counts, rows, sums)
  const [marked] = await db.batch([
    progress(bill, counts),
    ...unreadableRows(bill.day, rows),
    ...markBilled(bill.day, json),
    ...differingRows(bill.day, json),
  ])
  return marked?.changes === 1 ? { ...bill, counts } : undefined
}

/**
 * Stores the bill's progress, unless a concurrent run has compared the page. The statement is the first of its
 * batch, and its number of changed rows tells which run was first. The other statements of the batch carry no
 * guard: when they run a second time, they change nothing.
 */
const progress = ({ day, counts }: Bill, after: BillCounts): Statement =>
  statement(
    `UPDATE bills SET rows_done = ?2, counts = ?3
     WHERE day = ?1 AND state = 'comparing' AND rows_done = ?4`,
    day,
    after.rows,
    JSON.stringify(after),
    counts.rows,
  )

function addUp(before: BillCounts, rows: readonly BillRow[], sums: readonly Row[]): BillCounts {
  const of = (kind: string, column: string): number => {
    const row = sums.find((each) => each['k'] === kind)
    return row === undefined ? 0 : integer(row, column)
  }
  const unreadable = rows.filter(({ kind }) => kind === 'unreadable').length
  const ours = of('payment', 'lines') + of('refund', 'lines') + of('revoked', 'lines')
  return {
    rows: before.rows + rows.length,
    payments: before.payments + of('payment', 'lines'),
    paymentFee: before.paymentFee + of('payment', 'fee'),
    settlementFee: before.settlementFee + of('payment', 'settlement'),
    refunds: before.refunds + of('refund', 'lines'),
    refundFee: before.refundFee + of('refund', 'fee'),
    serviceFee: before.serviceFee + of('payment', 'service') + of('refund', 'service'),
    others: before.others + rows.length - unreadable - ours,
    unreadable: before.unreadable + unreadable,
  }
}

const unreadableRows = (day: BeijingDay, rows: readonly BillRow[]): readonly Statement[] => {
  const unreadable = rows.flatMap((row) => (row.kind === 'unreadable' ? [row] : []))
  if (unreadable.length === 0) return []
  return [
    statement(
      `INSERT INTO bill_differences (day, kind, subject, bill)
       SELECT ?1, 'row_unreadable', json_extract(value, '$.row'),
         json_object('reason', json_extract(value, '$.reason'))
       FROM json_each(?2) WHERE true ON CONFLICT DO NOTHING`,
      day,
      JSON.stringify(unreadable.map(({ row, reason }) => ({ row: String(row), reason }))),
    ),
  ]
}

const markBilled = (day: BeijingDay, json: string): readonly Statement[] => [
  statement(
    `UPDATE payments SET billed_on = ?2
     WHERE transaction_id IN (SELECT t FROM (${LINES}) WHERE k <> 'refund') AND billed_on IS NOT ?2`,
    json,
    day,
  ),
  statement(
    `UPDATE refunds SET billed_on = ?2
     WHERE out_refund_no IN (SELECT r FROM (${LINES}) WHERE k = 'refund') AND billed_on IS NOT ?2`,
    json,
    day,
  ),
]

const differingRows = (day: BeijingDay, json: string): readonly Statement[] => [
  statement(
    `INSERT INTO bill_differences (day, kind, subject, ordercode, bill, books)
     SELECT ?2,
       CASE WHEN k = 'revoked' THEN 'payment_revoked'
            WHEN p.transaction_id IS NULL THEN 'payment_not_here' ELSE 'payment_differs' END,
       t, c,
       json_object('transaction_id', t, 'out_trade_no', ${outTradeNo('c', 'n')}, 'total_fee', f),
       iif(p.transaction_id IS NULL, NULL, ${PAYMENT})
     FROM (${LINES}) LEFT JOIN payments p ON p.transaction_id = t
     WHERE k <> 'refund' AND EXISTS (SELECT 1 FROM orders WHERE orders.ordercode = c)
       AND (k = 'revoked' OR p.transaction_id IS NULL OR p.total_fee <> f OR p.ordercode <> c
         OR p.number <> n)
     ON CONFLICT DO NOTHING`,
    json,
    day,
  ),
  statement(
    `INSERT INTO bill_differences (day, kind, subject, ordercode, bill, books)
     SELECT ?2, iif(r.out_refund_no IS NULL, 'refund_not_here', 'refund_differs'), l.r, l.c,
       json_object('out_refund_no', l.r, 'transaction_id', l.t, 'refund_fee', l.f),
       iif(r.out_refund_no IS NULL, NULL, ${REFUND})
     FROM (${LINES}) l LEFT JOIN refunds r ON r.out_refund_no = l.r
     WHERE l.k = 'refund' AND EXISTS (SELECT 1 FROM orders WHERE orders.ordercode = l.c)
       AND (r.out_refund_no IS NULL OR r.refund_fee <> l.f OR r.transaction_id <> l.t
         OR r.state IN ('refused', 'requested') OR ${CANCELLED})
     ON CONFLICT DO NOTHING`,
    json,
    day,
  ),
]
