/** Reads orders together with their attempts, payments and refunds. */
import type { OrderView } from '../../core/order/order.ts'
import type { StoredEvent } from '../../ports/order-store.ts'
import { integer, optionalText, text, time } from '../d1/columns.ts'
import type { Database, Outcome, Row, Statement } from '../d1/database.ts'
import { earlierActorOfEvent } from '../d1/earlier-actors.ts'
import { placeholders, statement } from '../d1/sql.ts'
import { attemptFromRow, orderFromRow, paymentFromRow, refundFromRow } from './rows.ts'

/** A column for the time of the last recovery, which every order knows. */
export const RECOVERED_AT = '(SELECT max(requested_at) FROM recoveries) AS recovered_at'

/**
 * Builds the statements that read an order with its attempts, payments and refunds: four reads by key, for one
 * batch. {@link viewFrom} converts their outcomes.
 */
export const viewStatements = (ordercode: string): readonly Statement[] => [
  statement(`SELECT *, ${RECOVERED_AT} FROM orders WHERE ordercode = ?`, ordercode),
  statement('SELECT * FROM attempts WHERE ordercode = ? ORDER BY number', ordercode),
  statement(
    `SELECT * FROM payments WHERE transaction_id = (SELECT transaction_id FROM orders WHERE ordercode = ?1)
     UNION ALL SELECT * FROM payments WHERE ordercode = ?1 AND further = 1`,
    ordercode,
  ),
  statement(
    'SELECT * FROM refunds WHERE ordercode = ? ORDER BY requested_at, out_refund_no',
    ordercode,
  ),
]

/** Converts the outcomes of {@link viewStatements} to an order; undefined when the order does not exist. */
export function viewFrom(outcomes: readonly Outcome[]): OrderView | undefined {
  const [orders, attempts, payments, refunds] = outcomes
  const row = orders?.rows[0]
  return row === undefined
    ? undefined
    : viewFromRows(row, attempts?.rows ?? [], payments?.rows ?? [], refunds?.rows ?? [])
}

function viewFromRows(
  row: Row,
  attemptRows: readonly Row[],
  paymentRows: readonly Row[],
  refundRows: readonly Row[],
): OrderView {
  const order = orderFromRow(row)
  const attempts = attemptRows.map((each) => attemptFromRow(each, order.terms))
  const payments = paymentRows.map((each) => paymentFromRow(each, attempts))
  const refunds = refundRows.map((each) => refundFromRow(each, payments))
  return { order, attempts, payments, refunds }
}

/** Reads an order; undefined when it does not exist. */
export async function load(db: Database, ordercode: string): Promise<OrderView | undefined> {
  return viewFrom(await db.batch(viewStatements(ordercode)))
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
  const list = JSON.stringify(ordercodes)
  const joined = (table: string): string =>
    `FROM json_each(?) AS listed CROSS JOIN ${table} ON ${table}.ordercode = listed.value`
  const [orders, attempts, further, refunds] = await db.batch([
    statement(`SELECT orders.*, ${RECOVERED_AT}, ${PAYMENT} ${joined('orders')}`, list),
    statement(`SELECT attempts.* ${joined('attempts')}`, list),
    statement(`SELECT payments.* ${joined('payments')} AND payments.further = 1`, list),
    statement(`SELECT refunds.* ${joined('refunds')} ORDER BY requested_at, out_refund_no`, list),
  ])
  const rows = orders?.rows ?? []
  return assembled(rows, attempts, withFirst(rows, further), refunds)
}

/** The payments that made orders paid, from the column {@link PAYMENT}, and all further ones. */
function withFirst(orders: readonly Row[], further: Outcome | undefined): Outcome {
  const first = orders.flatMap((row) => optionalText(row, 'payment') ?? [])
  const payments = first.map((json) => JSON.parse(json) as Row)
  return { rows: [...payments, ...(further?.rows ?? [])], changes: 0 }
}

/**
 * A column with the payment that made an order paid, as JSON. In a list this reads one row for each order; a statement
 * of its own would count every bound value, and every row of `json_each`, as another.
 */
export const PAYMENT = `(SELECT json_object(${[
  'transaction_id',
  'ordercode',
  'number',
  'openid',
  'trade_type',
  'fee_type',
  'total_fee',
  'cash_fee',
  'bank_type',
  'paid_at',
  'returned',
  'confirmed_at',
]
  .map((column) => `'${column}', payments.${column}`)
  .join(', ')}) FROM payments WHERE payments.transaction_id = orders.transaction_id) AS payment`

/**
 * Reads what belongs to at most 100 rows of `orders`, which have the column {@link PAYMENT} and columns `has_…` that say
 * what else there is.
 */
export async function viewsOf(db: Database, orders: readonly Row[]): Promise<readonly OrderView[]> {
  const codesOf = (rows: readonly Row[]): readonly string[] =>
    rows.map((row) => text(row, 'ordercode'))
  const having = (column: string): readonly string[] =>
    codesOf(orders.filter((row) => row[column] === 1))
  const read = (sql: string, values: readonly string[], more = ''): Statement =>
    values.length === 0
      ? statement('SELECT 1 WHERE false')
      : statement(`${sql} IN (${placeholders(values)}) ${more}`, ...values)
  const [attempts, further, refunds] = await db.batch([
    read('SELECT * FROM attempts WHERE ordercode', codesOf(orders)),
    read('SELECT * FROM payments WHERE further = 1 AND ordercode', having('has_further')),
    read(
      'SELECT * FROM refunds WHERE ordercode',
      having('has_refunds'),
      'ORDER BY requested_at, out_refund_no',
    ),
  ])
  return assembled(orders, attempts, withFirst(orders, further), refunds)
}

function assembled(
  orders: readonly Row[],
  attempts: Outcome | undefined,
  payments: Outcome | undefined,
  refunds: Outcome | undefined,
): readonly OrderView[] {
  return orders.map((row) => {
    const ordercode = text(row, 'ordercode')
    const of = (outcome: Outcome | undefined): readonly Row[] =>
      outcome?.rows.filter((each) => each['ordercode'] === ordercode) ?? []
    const byNumber = of(attempts).toSorted((a, b) => integer(a, 'number') - integer(b, 'number'))
    return viewFromRows(row, byNumber, of(payments), of(refunds))
  })
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
