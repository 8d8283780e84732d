/** The last events of an order, for its page. */
import type { StoredEvent } from '../../ports/order-store.ts'
import type { Database } from '../d1/database.ts'
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
