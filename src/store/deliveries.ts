/** Reads and writes webhooks in D1. */
import type { Actor } from '../core/actor.ts'
import type { Review } from '../core/review.ts'
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
import { openedReviews, reviewStatements } from './d1/outbox.ts'
import type { Guard } from './d1/sql.ts'

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

/** SQL for the webhooks that one claim has leased, as `claim` identifies it. */
const CLAIMED = 'FROM deliveries WHERE due_at = ?1 AND claimed_by = ?4'

/**
 * Leases due webhooks to the caller, the longest due first. No other run tries them until the lease ends. When
 * D1 executes the statement twice, because its first answer was lost, the caller gets the webhooks of the first
 * time, and no others are leased.
 *
 * @param claim A text that no other call uses.
 */
export async function claimDeliveries(
  db: Database,
  now: UnixSeconds,
  limit: number,
  claim: string,
): Promise<readonly StoredDelivery[]> {
  const { rows } = await db.run(
    `UPDATE deliveries SET due_at = ?1, claimed_by = ?4 WHERE id IN (
       SELECT id ${CLAIMED}
       UNION ALL
       SELECT id FROM (
         SELECT id FROM deliveries WHERE due_at <= ?2 AND NOT EXISTS (SELECT 1 ${CLAIMED})
         ORDER BY due_at LIMIT ?3))
     RETURNING *`,
    later(now, LEASE_S),
    now,
    limit,
    claim,
  )
  return rows.map(deliveryFromRow)
}

/**
 * Stores the outcome of one try of a webhook, and opens the review of a webhook that this try gives up. A
 * failed try is stored only if no other try was stored and the webhook was not reopened since `before` was read;
 * a webhook that the shop accepted is delivered, even if another try failed first.
 *
 * @returns the id of the review; undefined when none was opened.
 */
export async function saveTry(
  db: Database,
  before: StoredDelivery,
  after: StoredDelivery,
  review: Review | undefined,
  opening: Readonly<{ now: UnixSeconds; hasTarget: boolean; actor: Actor }>,
): Promise<string | undefined> {
  const isDelivered = after.state === 'delivered'
  const current: Guard = {
    sql: `EXISTS (SELECT 1 FROM deliveries WHERE id = ? AND state <> 'delivered'
      ${isDelivered ? '' : 'AND tries = ? AND step = ?'})`,
    params: [before.id, ...(isDelivered ? [] : [before.tries, before.step])],
  }
  const outcomes = await db.batch([
    ...(review === undefined ? [] : reviewStatements(review, opening, current)),
    {
      sql: `UPDATE deliveries SET state = ?, due_at = ?, claimed_by = NULL, tries = tries + 1, step = ?,
          tried_at = ?, last_status = ?, last_error = ?, delivered_at = ?, body = ?
        WHERE id = ? AND ${current.sql}`,
      params: [
        after.state,
        orNull(after.dueAt),
        after.step,
        orNull(after.triedAt),
        orNull(after.lastStatus),
        orNull(after.lastError),
        orNull(after.deliveredAt),
        // A webhook that is sent again after its delivery is rendered anew.
        isDelivered ? null : orNull(after.body),
        before.id,
        ...current.params,
      ],
    },
  ])
  return openedReviews(outcomes)[0]
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
