/** What the page of one order shows beside the order itself. */
import type { ListedDelivery } from '../../ports/delivery-store.ts'
import type { StoredEvent } from '../../ports/order-store.ts'
import type { Database } from '../d1/database.ts'
import { deliveryFromRow, LISTED } from '../deliveries.ts'
import { eventFromRow } from '../order/views.ts'

/** Reads the last events of an order, newest first. */
export async function latestEvents(
  db: Database,
  ordercode: string,
  limit: number,
): Promise<readonly StoredEvent[]> {
  const { rows } = await db.run(
    'SELECT * FROM order_events WHERE ordercode = ? ORDER BY revision DESC LIMIT ?',
    ordercode,
    limit,
  )
  return rows.map(eventFromRow)
}

/** Reads webhooks by their ids: no index leads from an order to its webhooks, but every id derives from its fact. */
export async function deliveriesWith(
  db: Database,
  ids: readonly string[],
): Promise<readonly ListedDelivery[]> {
  if (ids.length === 0) return []
  const { rows } = await db.run(
    `SELECT ${LISTED} FROM deliveries WHERE id IN (SELECT value FROM json_each(?))
     ORDER BY created_at DESC, id DESC`,
    JSON.stringify(ids),
  )
  return rows.map(deliveryFromRow)
}
