/** Reads and writes webhooks in D1. */
import { later, MINUTE_S, type UnixSeconds } from '../core/time.ts'
import type { WebhookType } from '../core/webhook.ts'
import type { DeliveryState, StoredDelivery } from '../ports/delivery-store.ts'
import type { Page } from '../ports/store.ts'
import {
  integer,
  optionalInteger,
  optionalText,
  optionalTime,
  orNull,
  text,
  time,
} from './d1/columns.ts'
import type { Database, Row } from './d1/database.ts'

/**
 * How long no other run tries a claimed webhook. This is longer than one try can take, so no two runs try a
 * webhook concurrently.
 */
const LEASE_S = 3 * MINUTE_S

/** Reads one webhook; undefined when no row has this id. */
export async function findDelivery(db: Database, id: string): Promise<StoredDelivery | undefined> {
  const { rows } = await db.run('SELECT * FROM deliveries WHERE id = ?', id)
  return rows[0] === undefined ? undefined : deliveryFromRow(rows[0])
}

/** Leases due webhooks to the caller, the longest due first. No other run tries them until the lease ends. */
export async function claimDeliveries(
  db: Database,
  now: UnixSeconds,
  limit: number,
): Promise<readonly StoredDelivery[]> {
  const { rows } = await db.run(
    `UPDATE deliveries SET due_at = ?1 WHERE id IN
       (SELECT id FROM deliveries WHERE due_at <= ?2 ORDER BY due_at LIMIT ?3)
     RETURNING *`,
    later(now, LEASE_S),
    now,
    limit,
  )
  return rows.map(deliveryFromRow)
}

/**
 * Stores the outcome of one try of a webhook.
 *
 * @returns false, and stores nothing, when another try was stored since `before` was read, or the webhook is
 *   already delivered.
 */
export async function saveTry(
  db: Database,
  before: StoredDelivery,
  after: StoredDelivery,
): Promise<boolean> {
  const { changes } = await db.run(
    `UPDATE deliveries SET state = ?3, due_at = ?4, tries = ?5, step = ?6, tried_at = ?7,
       last_status = ?8, last_error = ?9, delivered_at = ?10, body = ?11
     WHERE id = ?1 AND tries = ?2 AND state <> 'delivered'`,
    before.id,
    before.tries,
    after.state,
    orNull(after.dueAt),
    after.tries,
    after.step,
    orNull(after.triedAt),
    orNull(after.lastStatus),
    orNull(after.lastError),
    orNull(after.deliveredAt),
    orNull(after.body),
  )
  return changes === 1
}

/**
 * Makes a webhook pending again, with a new retry schedule. The cron tries it after one minute at the earliest,
 * because the caller tries it first.
 *
 * @returns undefined when no row has this id.
 */
export async function reopenDelivery(
  db: Database,
  id: string,
  now: UnixSeconds,
): Promise<StoredDelivery | undefined> {
  const { rows } = await db.run(
    `UPDATE deliveries SET state = 'pending', due_at = ?2, step = 0, delivered_at = NULL
     WHERE id = ?1 RETURNING *`,
    id,
    later(now, MINUTE_S),
  )
  return rows[0] === undefined ? undefined : deliveryFromRow(rows[0])
}

/**
 * The FROM clause for the webhooks of each state. Rare states have a partial index, so that a page of them is
 * read without a full scan.
 */
const OF_STATE: Readonly<Record<DeliveryState, string>> = {
  pending: 'deliveries INDEXED BY deliveries_due WHERE due_at IS NOT NULL',
  given_up: "deliveries INDEXED BY deliveries_given_up WHERE state = 'given_up'",
  delivered: "deliveries WHERE state = 'delivered'", // most webhooks: the `created_at` index finds a page fast
  no_target: "deliveries WHERE state = 'no_target'",
}

/** Reads one page of webhooks, newest first. @param state Undefined for all states. */
export async function listDeliveries(
  db: Database,
  state: DeliveryState | undefined,
  page: Page,
): Promise<readonly StoredDelivery[]> {
  const { rows } = await db.run(
    `SELECT * FROM ${state === undefined ? 'deliveries WHERE true' : OF_STATE[state]}
       AND (created_at, id) < (?1, ?2)
     ORDER BY created_at DESC, id DESC LIMIT ?3`,
    page.before.at,
    page.before.key,
    page.limit,
  )
  return rows.map(deliveryFromRow)
}

/** Deletes up to `limit` webhooks created before `before` whose state is `delivered` or `no_target`. */
export async function sweepDeliveries(
  db: Database,
  before: UnixSeconds,
  limit: number,
): Promise<void> {
  await db.run(
    `DELETE FROM deliveries WHERE id IN
       (SELECT id FROM deliveries WHERE created_at < ?1 AND state IN ('delivered', 'no_target')
        ORDER BY created_at LIMIT ?2)`,
    before,
    limit,
  )
}

function deliveryFromRow(row: Row): StoredDelivery {
  return {
    id: text(row, 'id'),
    type: text(row, 'type') as WebhookType,
    subject: text(row, 'subject'),
    ordercode: optionalText(row, 'ordercode'),
    revision: optionalInteger(row, 'revision'),
    state: text(row, 'state') as DeliveryState,
    createdAt: time(row, 'created_at'),
    dueAt: optionalTime(row, 'due_at'),
    tries: integer(row, 'tries'),
    step: integer(row, 'step'),
    triedAt: optionalTime(row, 'tried_at'),
    lastStatus: optionalInteger(row, 'last_status'),
    lastError: optionalText(row, 'last_error'),
    deliveredAt: optionalTime(row, 'delivered_at'),
    body: optionalText(row, 'body'),
  }
}
