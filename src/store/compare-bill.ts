/** A bill against the books, both ways, in SQL: only what differs leaves the database. */
import {
  BILL_DAYS_KEPT,
  BILL_SKEW_S,
  LEARNT_WITHIN_S,
  type Difference,
  type DifferenceKind,
} from '../core/bill.ts'
import { startOf, type BeijingDay } from '../core/day.ts'
import { parseOutTradeNo } from '../core/ids.ts'
import { DAY_S, later } from '../core/time.ts'
import type { Bill, BillCounts, BillRow, BookSums } from '../service/bill-port.ts'
import type { Database, Row, Statement } from './database.ts'
import { integer } from './rows.ts'
import { beijingDay, statement } from './sql.ts'

/** A row as SQL reads it: short names, since there are thousands of them. */
type Line = Readonly<{
  /** payment, refund or revoked */
  k: string
  /** transaction_id */
  t: string
  /** ordercode and number of the attempt */
  c: string
  n: number
  /** total_fee, or refund_fee */
  f: number
  /** settlement_total_fee, and the service fee */
  s: number
  e: number
  /** out_refund_no */
  r?: string
}>

const LINES = `SELECT json_extract(value, '$.k') AS k, json_extract(value, '$.t') AS t,
  json_extract(value, '$.c') AS c, json_extract(value, '$.n') AS n, json_extract(value, '$.f') AS f,
  json_extract(value, '$.s') AS s, json_extract(value, '$.e') AS e,
  json_extract(value, '$.r') AS r FROM json_each(?1)`

const outTradeNo = (ordercode: string, number: string): string =>
  `${ordercode} || iif(${number} = 1, '', '*' || ${number})`

const PAYMENT = `json_object('transaction_id', p.transaction_id,
  'out_trade_no', ${outTradeNo('p.ordercode', 'p.number')}, 'total_fee', p.total_fee)`
const REFUND = `json_object('out_refund_no', r.out_refund_no, 'transaction_id', r.transaction_id,
  'refund_fee', r.refund_fee, 'state', r.state)`

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
  // Another system of the merchant may use numbers like ours; what has no order here is not ours.
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

/** First in its batch; what follows may be written twice and means the same. */
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
         OR r.state IN ('refused', 'requested'))
     ON CONFLICT DO NOTHING`,
    json,
    day,
  ),
]

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
      later(from, -BILL_DAYS_KEPT * DAY_S),
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
      to + LEARNT_WITHIN_S,
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
