/** Lists of webhooks, newest first. */
import type { DeliveryState, ListedDelivery } from '../../ports/delivery-store.ts'
import type { Found, Page } from '../../ports/store.ts'
import { integer } from '../d1/columns.ts'
import type { Database } from '../d1/database.ts'
import { foundIn, rowsToRead } from '../d1/found.ts'
import { deliveryFromRow } from '../deliveries.ts'
import { NEW, QUEUED } from '../new-deliveries.ts'

/** What a list shows of a webhook: all but its body, which may be large. */
const LISTED = `id, type, subject, ordercode, revision, state, created_at, due_at, tries, step, tried_at, last_status,
  last_error, delivered_at, history, NULL AS body`

/** Up to so many queued webhooks are all read and sorted. Beyond it, they are looked for among the newest ones. */
const FEW_QUEUED = 50
/** So many of the webhooks that the cron has not taken up yet are looked at for pending ones. */
const NEW_MAX = 100

/** The pending webhooks: those in the queue, and new ones. */
const PENDING = `(
  SELECT ${LISTED} FROM ${QUEUED}
  UNION ALL
  SELECT * FROM (SELECT ${LISTED} FROM ${NEW} AND is_queued IS NULL ORDER BY created_at DESC LIMIT ${NEW_MAX})
  WHERE due_at IS NOT NULL)`

/** Reads one page of webhooks, newest first. @param state Undefined for all states. */
export async function listDeliveries(
  db: Database,
  state: DeliveryState | undefined,
  page: Page,
): Promise<Found<ListedDelivery>> {
  const find = async (from: string, read: number): Promise<Found<ListedDelivery>> => {
    const { rows } = await db.run(
      `SELECT ${LISTED} FROM ${from} AND (created_at, id) < (?1, ?2)
       ORDER BY created_at DESC, id DESC LIMIT ?3`,
      page.before.at,
      page.before.key,
      read,
    )
    return foundIn(
      rows.map(deliveryFromRow),
      read,
      page,
      ({ createdAt, id }) => ({ at: createdAt, key: id }),
      (delivery) => state === undefined || delivery.state === state,
    )
  }
  if (state === 'given_up') {
    const from = "deliveries INDEXED BY deliveries_given_up WHERE state = 'given_up'"
    return find(from, page.limit + 1)
  }
  if (state === 'pending' && (await hasFewQueued(db))) {
    return find(`${PENDING} WHERE true`, FEW_QUEUED + NEW_MAX + 1)
  }
  return find(
    'deliveries INDEXED BY deliveries_created WHERE true',
    rowsToRead(page, state !== undefined),
  )
}

async function hasFewQueued(db: Database): Promise<boolean> {
  const { rows } = await db.run(
    `SELECT count(*) AS queued FROM (SELECT 1 FROM ${QUEUED} LIMIT ${FEW_QUEUED + 1})`,
  )
  return integer(rows[0] ?? {}, 'queued') <= FEW_QUEUED
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
