import type { ListedOrder, OrderFilter } from '../../ports/order-store.ts'
import type { Found, Page } from '../../ports/store.ts'
import { integer, text } from '../d1/columns.ts'
import type { Database, Row } from '../d1/database.ts'
import { foundIn, rowsToRead } from '../d1/found.ts'
import { viewColumns, viewFromRow } from './views.ts'

/** Up to so many open orders are all read and sorted. Beyond it, they are looked for among the newest orders. */
const FEW_OPEN = 50

/**
 * Reads one page of orders, newest first. `page.before` names the last order of the preceding page, so orders
 * that are registered in the meantime do not shift the following pages.
 */
export async function listOrders(
  db: Database,
  filter: OrderFilter,
  page: Page,
): Promise<Found<ListedOrder>> {
  const { rows, next } = await findOrders(db, filter, page)
  return {
    rows: rows.map((row) => ({ view: viewFromRow(row), hasReviews: row['has_reviews'] === 1 })),
    next,
  }
}

/** A look into an index that finds nothing is free. */
const HAS_REVIEWS =
  'EXISTS (SELECT 1 FROM reviews WHERE reviews.ordercode = orders.ordercode) AS has_reviews'

async function findOrders(db: Database, filter: OrderFilter, page: Page): Promise<Found<Row>> {
  const { state, transactionId, createdFrom = 0, createdTo } = filter
  // `createdTo` and `page.before` both limit the time of registration. Only the smaller one goes into the SQL,
  // so that SQLite reads no more of the index than needed.
  const upper =
    createdTo !== undefined && createdTo <= page.before.at
      ? { at: createdTo, key: '' }
      : page.before
  const within = 'created_at >= ?1 AND (created_at, ordercode) < (?2, ?3)'
  const newestFirst = 'ORDER BY created_at DESC, ordercode DESC LIMIT ?4'
  const admits = (row: Row): boolean => state === undefined || row['state'] === state
  // A state is one of four words and no text from outside.
  const isListed = state === undefined ? 'true' : `orders.state = '${state}'`
  const read = async (from: string, limit: number, ...more: readonly string[]) => {
    const sql = `SELECT ${viewColumns(isListed)}, ${HAS_REVIEWS} FROM ${from} AND ${within} ${newestFirst}`
    const { rows } = await db.run(sql, createdFrom, upper.at, upper.key, limit, ...more)
    return foundIn(rows, limit, page, placeOf, admits)
  }

  if (transactionId !== undefined) {
    const named = '(SELECT ordercode FROM payments WHERE transaction_id = ?5)'
    return read(`orders WHERE ordercode = ${named}`, page.limit + 1, transactionId)
  }
  if (state === 'closed') {
    return read("orders INDEXED BY orders_closed WHERE state = 'closed'", page.limit + 1)
  }
  if ((state === 'created' || state === 'paying') && (await hasFewOpen(db))) {
    return read(`orders INDEXED BY orders_due WHERE due_at IS NOT NULL`, FEW_OPEN + 1)
  }
  return read('orders INDEXED BY orders_created WHERE true', rowsToRead(page, state !== undefined))
}

async function hasFewOpen(db: Database): Promise<boolean> {
  const { rows } = await db.run(
    `SELECT count(*) AS open FROM (SELECT 1 FROM orders WHERE due_at IS NOT NULL LIMIT ${FEW_OPEN + 1})`,
  )
  return integer(rows[0] ?? {}, 'open') <= FEW_OPEN
}

const placeOf = (row: Row): Page['before'] => ({
  at: integer(row, 'created_at'),
  key: text(row, 'ordercode'),
})
