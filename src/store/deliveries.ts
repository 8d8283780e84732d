/** Reads and writes webhooks in D1. */
import type { Actor } from '../core/actor.ts'
import type { Review } from '../core/review.ts'
import { later, MINUTE_S, type UnixSeconds } from '../core/time.ts'
import { NEWS, type WebhookClass, type WebhookType } from '../core/webhook.ts'
import type { DeliveryState, StoredDelivery, Try } from '../ports/delivery-store.ts'
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
import { historyFromRow, historyOfDelivered, historyWith, triedCells } from './delivery-history.ts'
import { openedReviews, type Outbox, reviewStatements } from './d1/outbox.ts'
import { type Guard, statement } from './d1/sql.ts'

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
const CLAIMED = 'FROM deliveries WHERE is_queued = 1 AND due_at = ?1 AND claimed_by = ?4'

/** SQL that is 1 for news. The index `deliveries_queue` begins with it, so that neither class reads past the other. */
export const IS_NEWS = `(type IN ('${NEWS.join("', '")}'))`

/**
 * Leases due webhooks of one class to the caller, the longest due first. No other run tries them until the lease ends.
 * When D1 executes the statement twice, because its first answer was lost, the caller gets the webhooks of the first
 * time, and no others are leased.
 *
 * @param claim A text that no other call uses.
 */
export async function claimDeliveries(
  db: Database,
  webhooks: WebhookClass,
  now: UnixSeconds,
  limit: number,
  claim: string,
): Promise<readonly StoredDelivery[]> {
  const { rows } = await db.run(
    `UPDATE deliveries SET due_at = ?1, claimed_by = ?4 WHERE id IN (
       SELECT id ${CLAIMED} AND ${IS_NEWS} = ?5
       UNION ALL
       SELECT id FROM (
         SELECT id FROM deliveries
         WHERE ${IS_NEWS} = ?5 AND is_queued = 1 AND due_at <= ?2 AND NOT EXISTS (SELECT 1 ${CLAIMED} AND ${IS_NEWS} = ?5)
         ORDER BY due_at LIMIT ?3))
     RETURNING *`,
    later(now, LEASE_S),
    now,
    limit,
    claim,
    webhooks === 'news' ? 1 : 0,
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
  opening: Readonly<{ now: UnixSeconds; outbox: Outbox; actor: Actor }>,
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
      sql: `UPDATE deliveries SET state = ?, due_at = ?, is_queued = 1, claimed_by = NULL, tries = tries + 1, step = ?,
          history = ${isDelivered ? historyOfDelivered('?') : historyWith('?')},
          tried_at = ?, last_status = ?, last_error = ?, delivered_at = ?, body = ?
        WHERE id = ? AND ${current.sql}`,
      params: [
        after.state,
        orNull(after.dueAt),
        after.step,
        triedCells(after),
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
 * Stores several tries, none of which gives its webhook up: the delivered ones in one statement, the failed ones in
 * another, each under the guard of {@link saveTry}. A failed try keeps its body, so that every later one sends the same.
 */
export async function saveTries(
  db: Database,
  tries: readonly Try[],
  left: readonly StoredDelivery[],
): Promise<void> {
  const delivered = tries.filter(({ after }) => after.state === 'delivered')
  const failed = tries.filter(({ after }) => after.state !== 'delivered')
  const set = `UPDATE deliveries SET is_queued = 1, claimed_by = NULL, tries = deliveries.tries + 1,
      step = each.value ->> 'step', tried_at = each.value ->> 'triedAt', last_status = each.value ->> 'lastStatus',
      last_error = each.value ->> 'lastError'`
  const statements = [
    ...(delivered.length === 0
      ? []
      : [
          statement(
            `${set}, state = 'delivered', due_at = NULL, delivered_at = each.value ->> 'triedAt', body = NULL,
               history = ${historyOfDelivered("each.value ->> 'tried'")}
             FROM json_each(?1) AS each WHERE deliveries.id = each.value ->> 'id' AND deliveries.state <> 'delivered'`,
            JSON.stringify(delivered.map(({ after }) => ({ ...after, tried: triedCells(after) }))),
          ),
        ]),
    ...(failed.length === 0
      ? []
      : [
          statement(
            `${set}, state = 'pending', due_at = each.value ->> 'dueAt', delivered_at = NULL,
               body = each.value ->> 'body', history = ${historyWith("each.value ->> 'tried'")}
             FROM json_each(?1) AS each WHERE deliveries.id = each.value ->> 'id' AND deliveries.state <> 'delivered'
               AND deliveries.tries = each.value ->> 'triesBefore' AND deliveries.step = each.value ->> 'stepBefore'`,
            JSON.stringify(
              failed.map(({ before, after }) => ({
                ...after,
                tried: triedCells(after),
                triesBefore: before.tries,
                stepBefore: before.step,
              })),
            ),
          ),
        ]),
    ...(left.length === 0
      ? []
      : [
          statement(
            `UPDATE deliveries SET due_at = each.value ->> 'dueAt', claimed_by = NULL
             FROM json_each(?1) AS each WHERE deliveries.id = each.value ->> 'id' AND deliveries.state = 'pending'
               AND deliveries.tries = each.value ->> 'tries' AND deliveries.step = each.value ->> 'step'`,
            JSON.stringify(left),
          ),
        ]),
  ]
  if (statements.length > 0) await db.batch(statements)
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
    `UPDATE deliveries SET state = 'pending', due_at = ?2, is_queued = 1, step = 0, delivered_at = NULL
     WHERE id = ?1 RETURNING *`,
    id,
    later(now, MINUTE_S),
  )
  return rows[0] === undefined ? undefined : deliveryFromRow(rows[0])
}

/** Reads a row of `deliveries`. */
export function deliveryFromRow(row: Row): StoredDelivery {
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
    history: historyFromRow(row),
    body: optionalText(row, 'body'),
  }
}
