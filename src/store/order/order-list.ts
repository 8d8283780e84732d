import type { OrderState, OrderView } from '../../core/order/order.ts'
import type { OrderFilter } from '../../ports/order-store.ts'
import type { Page } from '../../ports/store.ts'
import { orNull, text } from '../d1/columns.ts'
import type { Database, Outcome } from '../d1/database.ts'
import { loadMany } from './views.ts'

/**
 * One page of orders, newest first. A page begins after a given order, so orders registered in the meantime
 * do not shift the following pages.
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
  // The smaller of the two upper bounds alone, so that only the requested part of the index is read.
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
 * The FROM clause for each state. Rare states use a partial index, so a page of them is
 * found without a full scan.
 */
const OF_STATE: Readonly<Record<OrderState, string>> = {
  created: "orders INDEXED BY orders_due WHERE due_at IS NOT NULL AND state = 'created'",
  paying: "orders INDEXED BY orders_due WHERE due_at IS NOT NULL AND state = 'paying'",
  closed: "orders INDEXED BY orders_closed WHERE state = 'closed'",
  paid: "orders WHERE state = 'paid'", // most orders, so the index on `created_at` serves
}
