/** Reads orders together with their attempts, payments and refunds. */
import type { OrderView } from '../../core/order/order.ts'
import type { StoredEvent } from '../../ports/order-store.ts'
import { integer, optionalText, text, time } from '../d1/columns.ts'
import type { Database, Outcome, Row, Statement } from '../d1/database.ts'
import { earlierActorOfEvent } from '../d1/earlier-actors.ts'
import { statement } from '../d1/sql.ts'
import { attemptFromRow, orderFromRow, paymentFromRow, refundFromRow } from './rows.ts'

/** A column of JSON with the named columns of a row. */
const json = (table: string, columns: string): string =>
  `json_object(${columns
    .trim()
    .split(/\s+/)
    .map((column) => `'${column}', ${table}.${column}`)
    .join(', ')})`

const ATTEMPT = json(
  'attempts',
  `ordercode number state appid mch_id openid spbill_create_ip total_fee body attach detail goods_tag limit_pay
   notify_url sign_type time_start time_expire sent_at answered_at unanswered_at prepay_id prepay_expires_at
   code_hash code_at closed_at`,
)
const PAYMENT = json(
  'payments',
  `transaction_id number openid trade_type fee_type total_fee cash_fee bank_type paid_at returned confirmed_at`,
)
const REFUND = json(
  'refunds',
  `out_refund_no transaction_id state refund_fee total_fee reason notify_url refund_account source actor
   requested_at started_at accepted_at ended_at cancelled_at refund_id received_by err_code err_code_des`,
)

/**
 * The columns of an order and of all that belongs to it, so that one statement reads it: Cloudflare limits the statements
 * of a run, and each costs more than the rows that it finds. Payments have no index by order. The one that made the order
 * paid is found by its id, and further ones by theirs. {@link viewFromRow} converts the row.
 *
 * @param when A condition: what belongs to other orders is not read.
 */
export const viewColumns = (when = 'true'): string => {
  const read = (name: string, sql: string): string =>
    `iif(${when}, (SELECT ${sql}), NULL) AS ${name}`
  const list = (row: string, table: string, more = ''): string =>
    `json_group_array(${row}) FROM ${table} WHERE ${table}.ordercode = orders.ordercode${more}`
  return [
    'orders.*',
    '(SELECT max(requested_at) FROM recoveries) AS recovered_at',
    read('attempts', list(ATTEMPT, 'attempts')),
    read(
      'payment',
      `${PAYMENT} FROM payments WHERE payments.transaction_id = orders.transaction_id`,
    ),
    read('further', list(PAYMENT, 'payments', ' AND further = 1')),
    read('refunds', list(REFUND, 'refunds')),
  ].join(', ')
}

/** Builds the statement that reads an order. {@link viewFrom} converts its outcome. */
export const viewStatement = (ordercode: string): Statement =>
  statement(`SELECT ${viewColumns()} FROM orders WHERE ordercode = ?`, ordercode)

/** Converts the outcome of {@link viewStatement} to an order; undefined when the order does not exist. */
export const viewFrom = (outcome: Outcome | undefined): OrderView | undefined => {
  const row = outcome?.rows[0]
  return row === undefined ? undefined : viewFromRow(row)
}

/** Converts a row with {@link viewColumns}. */
export function viewFromRow(row: Row): OrderView {
  const rows = (column: string): readonly Row[] => JSON.parse(text(row, column)) as Row[]
  const order = orderFromRow(row)
  // SQLite aggregates in the order of the index that it happens to use, which for attempts is this one today.
  const attempts = rows('attempts')
    .map((each) => attemptFromRow(each, order.terms))
    .toSorted((a, b) => a.number - b.number)
  const first = row['payment'] === null ? [] : [JSON.parse(text(row, 'payment')) as Row]
  const payments = [...first, ...rows('further')].map((each) => paymentFromRow(each, attempts))
  const refunds = rows('refunds')
    .map((each) => refundFromRow(each, payments))
    .toSorted((a, b) => a.requestedAt - b.requestedAt || (a.outRefundNo < b.outRefundNo ? -1 : 1))
  return { order, attempts, payments, refunds }
}

/** Reads an order; undefined when it does not exist. */
export async function load(db: Database, ordercode: string): Promise<OrderView | undefined> {
  const [outcome] = await db.batch([viewStatement(ordercode)])
  return viewFrom(outcome)
}

/**
 * Reads several orders in one round trip, in no particular order. Ordercodes that do
 * not exist are left out.
 */
export async function loadMany(
  db: Database,
  ordercodes: readonly string[],
): Promise<readonly OrderView[]> {
  if (ordercodes.length === 0) return []
  // A join with the list reads a row of it and a row of the table; `IN (SELECT …)` would read the list twice.
  const { rows } = await db.run(
    `SELECT ${viewColumns()} FROM json_each(?) AS listed CROSS JOIN orders ON orders.ordercode = listed.value`,
    JSON.stringify(ordercodes),
  )
  return rows.map(viewFromRow)
}

/** Reads events of an order, oldest first. @param after The revision of the last event before them; 0 for none. */
export async function events(
  db: Database,
  ordercode: string,
  after: number,
  limit: number,
): Promise<readonly StoredEvent[]> {
  const { rows } = await db.run(
    `SELECT * FROM order_events WHERE ordercode = ? AND revision > ? ORDER BY revision LIMIT ?`,
    ordercode,
    after,
    limit,
  )
  return rows.map(eventFromRow)
}

/** Reads a row of `order_events`. */
export const eventFromRow = (row: Row): StoredEvent => ({
  revision: integer(row, 'revision'),
  type: text(row, 'type'),
  at: time(row, 'at'),
  actor: optionalText(row, 'actor') ?? earlierActorOfEvent(text(row, 'type')),
  data: JSON.parse(text(row, 'data')) as Record<string, unknown>,
})
