/** Orders in the lists of the console: one row for each, with what a badge needs to know. */
import { parseOutTradeNo } from '../../core/ids.ts'
import { toFen } from '../../core/money.ts'
import type { OrderState } from '../../core/order/order.ts'
import type { OrderLine, OrderListFilter, SearchResult } from '../../ports/list-store.ts'
import type { Found, Page } from '../../ports/store.ts'
import { integer, optionalInteger, optionalText, optionalTime, text, time } from '../d1/columns.ts'
import type { Database, Row } from '../d1/database.ts'
import { foundIn, rowsToRead } from '../d1/found.ts'
import { statement } from '../d1/sql.ts'

/** SQL for the sum of the refunds, in some states, of the payment that made an order paid. */
const refundSum = (states: string): string =>
  `(SELECT sum(refund_fee) FROM refunds WHERE refunds.ordercode = orders.ordercode
     AND refunds.transaction_id = orders.transaction_id AND refunds.state IN (${states}))`

/** The columns of a line, from the table `orders`. A look into an index that finds nothing is free. */
export const LINE = `orders.ordercode, orders.state, orders.body, orders.total_fee, orders.created_at, orders.expires_at,
  orders.paid_at, orders.due_at, orders.transaction_id, ${refundSum("'succeeded'")} AS refunded,
  ${refundSum("'requested', 'processing', 'abnormal'")} AS refunding,
  EXISTS (SELECT 1 FROM reviews WHERE reviews.ordercode = orders.ordercode AND reviews.resolved_at IS NULL) AS needs_person`

/** The most orders that a search by the beginning of a number shows. */
const BEGINNING_MAX = 20
/** Sorts after every character of an ordercode. */
const LAST = '\u{10FFFF}'

/** Reads one page of orders. */
export async function orderLines(
  db: Database,
  { tab, from = 0 as never, to }: OrderListFilter,
  page: Page,
): Promise<Found<OrderLine>> {
  if (tab === 'unpaid') return unpaidLines(db, from, to ?? Number.MAX_SAFE_INTEGER, page)
  const upper = to !== undefined && to <= page.before.at ? { at: to, key: '' } : page.before
  const read = rowsToRead(page, tab === 'paid')
  const source =
    tab === 'closed'
      ? "orders INDEXED BY orders_closed WHERE state = 'closed'"
      : 'orders INDEXED BY orders_created WHERE true'
  const { rows } = await db.run(
    `SELECT ${LINE} FROM ${source} AND created_at >= ?1 AND (created_at, ordercode) < (?2, ?3)
     ORDER BY created_at DESC, ordercode DESC LIMIT ?4`,
    from,
    upper.at,
    upper.key,
    read,
  )
  return foundIn(
    rows.map(lineFromRow),
    read,
    page,
    ({ createdAt, ordercode }) => ({ at: createdAt, key: ordercode }),
    ({ state }) => tab !== 'paid' || state === 'paid',
  )
}

/** Unpaid orders, the first to be due first: `page.before` is the place after which the page begins. */
async function unpaidLines(
  db: Database,
  from: number,
  to: number,
  page: Page,
): Promise<Found<OrderLine>> {
  const { at, key } = page.before
  const isFirst = at === Number.MAX_SAFE_INTEGER
  const { rows } = await db.run(
    `SELECT ${LINE} FROM orders INDEXED BY orders_due
     WHERE due_at IS NOT NULL AND due_at >= ?1 AND due_at < ?2 AND (due_at, ordercode) > (?3, ?4)
     ORDER BY due_at, ordercode LIMIT ?5`,
    from,
    to,
    isFirst ? 0 : at,
    isFirst ? '' : key,
    page.limit + 1,
  )
  return foundIn(rows.map(lineFromRow), page.limit + 1, page, ({ dueAt, ordercode }) => ({
    at: dueAt ?? 0,
    key: ordercode,
  }))
}

/** Looks for the order that a number names: its own, or that of an attempt, a payment or a refund. */
export async function searchOrders(db: Database, given: string): Promise<SearchResult> {
  const ordercode = parseOutTradeNo(given)?.ordercode ?? given
  const [exact, beginning] = await db.batch([
    statement(
      `SELECT ordercode FROM orders WHERE ordercode = ?1
       UNION ALL SELECT ordercode FROM payments WHERE transaction_id = ?2
       UNION ALL SELECT ordercode FROM refunds WHERE out_refund_no = ?2`,
      ordercode,
      given,
    ),
    statement(
      `SELECT ${LINE} FROM orders WHERE orders.ordercode >= ?1 AND orders.ordercode < ?2
       ORDER BY orders.ordercode LIMIT ${BEGINNING_MAX}`,
      given,
      `${given}${LAST}`,
    ),
  ])
  const found = exact?.rows[0]
  return {
    exact: found === undefined ? undefined : text(found, 'ordercode'),
    beginning: (beginning?.rows ?? []).map(lineFromRow),
  }
}

/** Reads a row with the columns {@link LINE}. */
export const lineFromRow = (row: Row): OrderLine => ({
  ordercode: text(row, 'ordercode'),
  state: text(row, 'state') as OrderState,
  body: text(row, 'body'),
  totalFee: toFen(integer(row, 'total_fee')),
  createdAt: time(row, 'created_at'),
  expiresAt: time(row, 'expires_at'),
  paidAt: optionalTime(row, 'paid_at'),
  dueAt: optionalTime(row, 'due_at'),
  transactionId: optionalText(row, 'transaction_id'),
  refundedFee: toFen(optionalInteger(row, 'refunded') ?? 0),
  refundingFee: toFen(optionalInteger(row, 'refunding') ?? 0),
  needsPerson: row['needs_person'] === 1,
})
