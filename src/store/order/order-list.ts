import type { OrderState, OrderView } from '../../core/order/order.ts'
import type { OrderFilter } from '../../ports/order-store.ts'
import type { Page } from '../../ports/store.ts'
import { orNull, text } from '../d1/columns.ts'
import type { Database, Outcome } from '../d1/database.ts'
import { loadMany } from './views.ts'

/**
 * Reads one page of orders, newest first. `page.before` names the last order of the preceding page, so orders
 * that are registered in the meantime do not shift the following pages.
 */
export async function listOrders(
  db: Database,
  filter: OrderFilter,
  page: Page,
): Promise<readonly OrderView[]> {
  const { rows } = await findOrdercodes(db, filter, page)
  const ordercodes = rows.map((row) => text(row, 'ordercode'))
  const views = new Map(
    (await loadMany(db, ordercodes)).map((view) => [view.order.ordercode, view]),
  )
  return ordercodes.flatMap((ordercode) => views.get(ordercode) ?? [])
}

function findOrdercodes(db: Database, filter: OrderFilter, page: Page): Promise<Outcome> {
  const { state, transactionId, createdFrom = 0, createdTo } = filter
  // `createdTo` and `page.before` both limit the time of registration. Only the smaller one goes into the SQL,
  // so that SQLite reads no more of the index than needed.
  const upper =
    createdTo !== undefined && createdTo <= page.before.at
      ? { at: createdTo, key: '' }
      : page.before
  const within = 'created_at >= ?1 AND (created_at, ordercode) < (?2, ?3)'
  const params = [createdFrom, upper.at, upper.key, page.limit] as const
  const newestFirst = 'ORDER BY created_at DESC, ordercode DESC LIMIT ?4'

  if (transactionId !== undefined) {
    return db.run(
      `SELECT ordercode FROM orders
       WHERE ordercode = (SELECT ordercode FROM payments WHERE transaction_id = ?5)
         AND ${within} AND (?6 IS NULL OR state = ?6) LIMIT ?4`,
      ...params,
      transactionId,
      orNull(state),
    )
  }
  if (state === undefined) {
    return db.run(`SELECT ordercode FROM orders WHERE ${within} ${newestFirst}`, ...params)
  }
  return db.run(`SELECT ordercode FROM ${OF_STATE[state]} AND ${within} ${newestFirst}`, ...params)
}

/**
 * The FROM clause for the orders of each state. Rare states have a partial index, so that a page of them is
 * read without a full scan.
 */
const OF_STATE: Readonly<Record<OrderState, string>> = {
  created: "orders INDEXED BY orders_due WHERE due_at IS NOT NULL AND state = 'created'",
  paying: "orders INDEXED BY orders_due WHERE due_at IS NOT NULL AND state = 'paying'",
  closed: "orders INDEXED BY orders_closed WHERE state = 'closed'",
  paid: "orders WHERE state = 'paid'", // most orders: the `created_at` index finds a page fast
}
