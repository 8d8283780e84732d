import type { OrderView } from '../core/order.ts'
import type { OrderFilter, Page } from '../service/ports.ts'
import type { Database, Outcome } from './database.ts'
import { orNull, text } from './rows.ts'
import { loadMany } from './views.ts'

/** Newest first. The page after the last row shown is stable whatever is registered meanwhile. */
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
  const conditions = `(created_at, ordercode) < (?1, ?2)
       AND (?3 IS NULL OR created_at >= ?3) AND (?4 IS NULL OR created_at < ?4)
       AND (?5 IS NULL OR state = ?5)`
  const params = [
    page.before.at,
    page.before.key,
    orNull(filter.createdFrom),
    orNull(filter.createdTo),
    orNull(filter.state),
  ]
  // Two texts: a payment leads to its order by key, and must not read through all orders.
  return filter.transactionId === undefined
    ? db.run(
        `SELECT ordercode FROM orders WHERE ${conditions}
         ORDER BY created_at DESC, ordercode DESC LIMIT ?6`,
        ...params,
        page.limit,
      )
    : db.run(
        `SELECT ordercode FROM orders
         WHERE ordercode = (SELECT ordercode FROM payments WHERE transaction_id = ?6)
           AND ${conditions}`,
        ...params,
        filter.transactionId,
      )
}
