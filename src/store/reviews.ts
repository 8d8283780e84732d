/** Reviews in D1. */
import type { Actor } from '../core/actor.ts'
import type { Review, ReviewAction, ReviewKind, StoredReview } from '../core/review.ts'
import type { UnixSeconds } from '../core/time.ts'
import type { Found, Page } from '../ports/store.ts'
import { optionalText, optionalTime, orNull, text, time } from './d1/columns.ts'
import type { Database, Row } from './d1/database.ts'
import { earlierActorOfReview } from './d1/earlier-actors.ts'
import { foundIn, rowsToRead } from './d1/found.ts'
import { openedReviews, type Outbox, reviewStatements } from './d1/outbox.ts'
import { placeholders } from './d1/sql.ts'

/** Opens a review and writes its webhook, in one batch. @returns the review's id; undefined when none was opened. */
export async function openReview(
  db: Database,
  review: Review,
  opening: Readonly<{ now: UnixSeconds; outbox: Outbox; actor: Actor }>,
): Promise<string | undefined> {
  const [id] = openedReviews(await db.batch(reviewStatements(review, opening)))
  return id
}

/** Reads one review; undefined when no row has this id. */
export async function findReview(db: Database, id: string): Promise<StoredReview | undefined> {
  const { rows } = await db.run('SELECT * FROM reviews WHERE id = ?', id)
  return rows[0] === undefined ? undefined : reviewFromRow(rows[0])
}

/** Reads the reviews of several orders, open and resolved, oldest first. */
export async function reviewsOf(
  db: Database,
  ordercodes: readonly string[],
): Promise<readonly StoredReview[]> {
  if (ordercodes.length === 0) return []
  const { rows } = await db.run(
    `SELECT * FROM reviews WHERE ordercode IN (${placeholders(ordercodes)}) ORDER BY opened_at, id`,
    ...ordercodes,
  )
  return rows.map(reviewFromRow)
}

/** Reads several reviews by their ids. Those that do not exist are left out. */
export async function findReviews(
  db: Database,
  ids: readonly string[],
): Promise<readonly StoredReview[]> {
  if (ids.length === 0) return []
  const { rows } = await db.run(
    'SELECT * FROM reviews WHERE id IN (SELECT value FROM json_each(?))',
    JSON.stringify(ids),
  )
  return rows.map(reviewFromRow)
}

/** Resolves an open review. @returns false when the review is already resolved, or does not exist. */
export async function resolveReview(
  db: Database,
  id: string,
  resolution: Readonly<{ note: string; action: ReviewAction | undefined }>,
  now: UnixSeconds,
  actor: Actor,
): Promise<boolean> {
  const { changes } = await db.run(
    `UPDATE reviews SET resolved_at = ?2, note = ?3, action = ?4, actor = ?5
     WHERE id = ?1 AND resolved_at IS NULL`,
    id,
    now,
    resolution.note,
    orNull(resolution.action),
    actor,
  )
  return changes === 1
}

/** Reads one page of reviews, newest first. @param open Undefined for both open and resolved reviews. */
export async function listReviews(
  db: Database,
  open: boolean | undefined,
  page: Page,
): Promise<Found<StoredReview>> {
  // The condition on `resolved_at` is SQL text and not a parameter, so that SQLite can use the index of open
  // reviews. Resolved ones are looked for among all.
  const read = rowsToRead(page, open === false)
  const { rows } = await db.run(
    `SELECT * FROM reviews WHERE ${open === true ? 'resolved_at IS NULL AND' : ''} (opened_at, id) < (?1, ?2)
     ORDER BY opened_at DESC, id DESC LIMIT ?3`,
    page.before.at,
    page.before.key,
    read,
  )
  return foundIn(
    rows.map(reviewFromRow),
    read,
    page,
    ({ openedAt, id }) => ({ at: openedAt, key: id }),
    ({ resolvedAt }) => open !== false || resolvedAt !== undefined,
  )
}

/** Reads a row of `reviews`. */
export function reviewFromRow(row: Row): StoredReview {
  return {
    id: text(row, 'id'),
    kind: text(row, 'kind') as ReviewKind,
    subject: text(row, 'subject'),
    ordercode: optionalText(row, 'ordercode'),
    evidence: JSON.parse(text(row, 'evidence')) as StoredReview['evidence'],
    openedAt: time(row, 'opened_at'),
    actor: optionalText(row, 'actor') ?? earlierActorOfReview(optionalText(row, 'note')),
    resolvedAt: optionalTime(row, 'resolved_at'),
    action: optionalText(row, 'action') as ReviewAction | undefined,
    note: optionalText(row, 'note'),
  }
}
