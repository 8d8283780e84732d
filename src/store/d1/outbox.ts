/** The rows of webhooks, which notify the shop, and of reviews, which the operator resolves. */
import type { Actor } from '../../core/actor.ts'
import {
  isAnnounced,
  PASSING_EVIDENCE,
  type Recurrence,
  RECURRENCE,
  type Review,
  reviewId,
} from '../../core/review.ts'
import { later, MINUTE_S, type UnixSeconds } from '../../core/time.ts'
import { type Webhook, webhookId } from '../../core/webhook.ts'
import { orNull, text } from './columns.ts'
import type { Outcome, Statement, Value } from './database.ts'
import { ALWAYS, both, type Expression, type Guard, insertIf, insertOnce } from './sql.ts'

/**
 * How webhooks are written. `hasTarget`: whether a receiver is configured; if not, the row only records the webhook as
 * `no_target`. `firstTryS`: how many seconds after its insertion the cron tries a webhook.
 */
export type Outbox = Readonly<{ hasTarget: boolean; firstTryS: number }>

/** A request tries the webhooks that it inserts itself. The cron takes them up a minute later, and repeats what failed. */
export const requestOutbox = (hasTarget: boolean): Outbox => ({ hasTarget, firstTryS: MINUTE_S })
/** What a run of the cron inserts is due at once, and takes its place among all that is due. */
export const cronOutbox = (hasTarget: boolean): Outbox => ({ hasTarget, firstTryS: 0 })

/** Makes the row of a new webhook. */
export const deliveryRow = (
  webhook: Webhook,
  now: UnixSeconds,
  { hasTarget, firstTryS }: Outbox,
): Record<string, Value> => ({
  id: webhookId(webhook),
  type: webhook.type,
  subject: webhook.subject,
  ordercode: orNull(webhook.ordercode),
  revision: orNull(webhook.revision),
  state: hasTarget ? 'pending' : 'no_target',
  created_at: now,
  due_at: hasTarget ? later(now, firstTryS) : null,
  // What the cron takes up later needs no entry in its queue yet: hardly any is still pending by then.
  is_queued: hasTarget && firstTryS === 0 ? 1 : null,
})

/** What the statements that open a review need besides the review. */
type Opening = Readonly<{
  now: UnixSeconds
  outbox: Outbox
  /** Who opens the review. */
  actor: Actor
  /** The order's revision after the change that opens the review; undefined when the review comes without one. */
  revision?: number
}>

/**
 * The statements that open a review and write its webhook, unless a review about the same fact is open, or the
 * fact did not happen anew since its last review. {@link openedReviews} reads their outcomes.
 *
 * @param guard The guard of the batch that they are part of.
 */
export function reviewStatements(
  review: Review,
  { now, outbox, actor, revision }: Opening,
  guard: Guard = ALWAYS,
): readonly Statement[] {
  const { kind, subject, ordercode } = review
  const opened = insertIf(
    'reviews',
    {
      id: nextReviewId(review),
      kind,
      subject,
      ordercode: orNull(ordercode),
      evidence: JSON.stringify(review.evidence),
      opened_at: now,
      actor,
    },
    both(isNewFact(review), guard),
  )
  const statement = { sql: `${opened.sql} RETURNING id AS opened_review`, params: opened.params }
  if (!isAnnounced(kind)) return [statement]

  const webhook = { type: 'review.opened', subject: '', ordercode, revision } as const
  const delivery = {
    ...deliveryRow(webhook, now, outbox),
    id: { sql: '? || id', params: [webhookId(webhook)] },
    subject: { sql: 'id', params: [] },
  }
  // A review that was opened before, even in the same second, has its webhook already.
  const justOpened: Guard = {
    sql: 'kind = ? AND subject = ? AND resolved_at IS NULL AND opened_at = ?',
    params: [kind, subject, now],
  }
  return [statement, insertOnce('deliveries', delivery, both(justOpened, guard), 'reviews')]
}

/** The ids of the reviews that a batch with {@link reviewStatements} has opened. */
export const openedReviews = (outcomes: readonly Outcome[]): readonly string[] =>
  outcomes
    .flatMap(({ rows }) => rows)
    .filter((row) => 'opened_review' in row)
    .map((row) => text(row, 'opened_review'))

/**
 * SQL for the id of the next review about a fact: the first free one of `{kind}.{subject}`, then the same with
 * `.2`, `.3`, … behind it. A subject may contain dots and end in a number, so that an id may be taken by another
 * fact: the number does not count the reviews of the fact.
 */
function nextReviewId(review: Review): Expression {
  const first = reviewId(review)
  return {
    sql: `(WITH RECURSIVE numbered(id, n) AS (
        SELECT ?, 1
        UNION ALL
        SELECT ? || '.' || (n + 1), n + 1 FROM numbered
        WHERE EXISTS (SELECT 1 FROM reviews WHERE reviews.id = numbered.id))
      SELECT id FROM numbered ORDER BY n DESC LIMIT 1)`,
    params: [first, first],
  }
}

/** SQL for what is compared of an evidence. */
const compared = (evidence: string): string =>
  `json_remove(${[evidence, ...PASSING_EVIDENCE.map((name) => `'$.${name}'`)].join(', ')})`

/** SQL: whether the last review about a fact makes another one superfluous. */
const COVERS: Readonly<Record<Recurrence, string>> = {
  never: 'true',
  each_time: 'resolved_at IS NULL',
  if_changed: `resolved_at IS NULL OR (ended_at IS NULL AND ${compared('evidence')} = ${compared('?')})`,
}

/** A guard that is true if a fact has no review yet, or has happened anew since its last one. */
function isNewFact({ kind, subject, evidence }: Review): Guard {
  const recurrence = RECURRENCE[kind]
  return {
    sql: `NOT EXISTS (
      SELECT 1 FROM (
        SELECT resolved_at, ended_at, evidence FROM reviews WHERE kind = ? AND subject = ?
        ORDER BY ${LAST_FIRST} LIMIT 1)
      WHERE ${COVERS[recurrence]})`,
    params: [kind, subject, ...(recurrence === 'if_changed' ? [JSON.stringify(evidence)] : [])],
  }
}

/** SQL that sorts the reviews about one fact, the last one first: their numbers grow. */
export const LAST_FIRST = 'length(id) DESC, id DESC'

/**
 * Builds the statement that ends reviews whose fact is over. It resolves the open ones with `note`; the others
 * keep their resolution. If such a fact happens again, it is a new one.
 */
export const endReviews = (of: Guard, now: UnixSeconds, note: string): Statement => ({
  sql: `UPDATE reviews SET ended_at = ?, resolved_at = coalesce(resolved_at, ?), note = coalesce(note, ?),
          actor = iif(resolved_at IS NULL, 'system', actor)
        WHERE ended_at IS NULL AND ${of.sql}`,
  params: [now, now, note, ...of.params],
})
