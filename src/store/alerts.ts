/** What was told to the operators' group, in D1. */
import { type AlertReview, type AlertState, NOTHING_TOLD } from '../core/alert.ts'
import type { ReviewKind } from '../core/review.ts'
import type { UnixSeconds } from '../core/time.ts'
import { integer, optionalText, text } from './d1/columns.ts'
import type { Database } from './d1/database.ts'
import { statement } from './d1/sql.ts'

/** Reads the state and the reviews that were not told of, in one round trip. */
export async function readAlerts(
  db: Database,
  limit: number,
): Promise<Readonly<{ state: AlertState; untold: readonly AlertReview[]; hasOpen: boolean }>> {
  const [stored, reviews] = await db.batch([
    statement(
      `SELECT EXISTS (SELECT 1 FROM reviews WHERE resolved_at IS NULL) AS has_open,
         (SELECT version FROM alerts) AS version, (SELECT state FROM alerts) AS state`,
    ),
    statement(
      `SELECT id, kind, ordercode FROM reviews WHERE resolved_at IS NULL AND told_at IS NULL
       ORDER BY opened_at LIMIT ?`,
      limit,
    ),
  ])
  const row = stored?.rows[0]
  const state = row === undefined ? undefined : optionalText(row, 'state')
  return {
    state:
      row === undefined || state === undefined
        ? NOTHING_TOLD
        : { ...(JSON.parse(state) as AlertState), version: integer(row, 'version') },
    untold: (reviews?.rows ?? []).map((review) => ({
      id: text(review, 'id'),
      kind: text(review, 'kind') as ReviewKind,
      ordercode: optionalText(review, 'ordercode'),
    })),
    hasOpen: row?.['has_open'] === 1,
  }
}

/**
 * Stores a new state and the reviews that were told of, in one batch under the same guard.
 *
 * @returns false when another run has written since.
 */
export async function saveAlerts(
  db: Database,
  before: AlertState,
  after: AlertState,
  toldReviews: readonly string[],
  now: UnixSeconds,
): Promise<boolean> {
  const { version } = before
  const isSame = 'coalesce((SELECT version FROM alerts), 0) = ?1'
  const outcomes = await db.batch([
    ...(toldReviews.length === 0
      ? []
      : [
          statement(
            `UPDATE reviews SET told_at = ?2
             WHERE id IN (SELECT value FROM json_each(?3)) AND ${isSame}`,
            version,
            now,
            JSON.stringify(toldReviews),
          ),
        ]),
    statement(
      `INSERT INTO alerts (id, version, state) SELECT 1, ?1 + 1, ?2 WHERE ${isSame}
       ON CONFLICT (id) DO UPDATE SET version = excluded.version, state = excluded.state`,
      version,
      JSON.stringify(after),
    ),
  ])
  return outcomes.at(-1)?.changes === 1
}
