/** Reads and writes the record of the cron's runs in D1. */
import { later, MINUTE_S, type UnixSeconds } from '../core/time.ts'
import type { StartedRun, StoredRun } from '../ports/run-store.ts'
import { integer, optionalText, optionalTime, orNull, time } from './d1/columns.ts'
import type { Database, Row } from './d1/database.ts'

/** A run ends within this time, in seconds: no work begins after two minutes, and none takes longer than one. */
const RUN_S_MAX = 3 * MINUTE_S

/** Inserts a run that has started. A run that never gets `finished_at` has crashed. */
export async function startRun(db: Database, now: UnixSeconds, mchId: string): Promise<StartedRun> {
  // What the run must know first is read by the same statement, because a run has few of them.
  const { rows } = await db.run(
    `INSERT INTO runs (started_at, reduced_until)
     SELECT ?1, (SELECT max(reduced_until) FROM (SELECT reduced_until FROM runs ORDER BY id DESC LIMIT ${RUNS_LOOKED_AT})
       WHERE reduced_until > ?1)
     RETURNING id, reduced_until, EXISTS (SELECT 1 FROM other_merchants WHERE mch_id = ?2) AS is_work_aside,
       EXISTS (SELECT 1 FROM recoveries WHERE finished_at IS NULL) AS is_recovering,
       (SELECT count(*) = 2 AND count(finished_at) = 0 AND count(reduced_until) = 0 FROM (
          SELECT finished_at, reduced_until FROM (SELECT * FROM runs ORDER BY id DESC LIMIT ${RUNS_LOOKED_AT})
          WHERE started_at <= ?3 ORDER BY id DESC LIMIT 2)) AS crashed`,
    now,
    mchId,
    later(now, -RUN_S_MAX),
  )
  const [row] = rows
  return row === undefined
    ? { run: 0, isWorkAside: false, isRecovering: false, reducedUntil: undefined, crashed: false }
    : {
        run: integer(row, 'id'),
        isWorkAside: row['is_work_aside'] === 1,
        isRecovering: row['is_recovering'] === 1,
        reducedUntil: optionalTime(row, 'reduced_until'),
        crashed: row['crashed'] === 1,
      }
}

/** How many of the last runs are looked at. Those that may still be under way are among them. */
const RUNS_LOOKED_AT = 10

/** Stores that a run has finished. @param report What the run did, as JSON. */
export async function finishRun(
  db: Database,
  id: number,
  now: UnixSeconds,
  report: string,
  reducedUntil: UnixSeconds | undefined,
): Promise<void> {
  await db.run(
    `UPDATE runs SET finished_at = ?2, report = ?3, reduced_until = coalesce(?4, reduced_until) WHERE id = ?1`,
    id,
    now,
    report,
    orNull(reducedUntil),
  )
}

/** Reads one page of runs, newest first: those whose number is below `beforeId`. */
export async function listRuns(
  db: Database,
  beforeId: number,
  limit: number,
): Promise<readonly StoredRun[]> {
  const { rows } = await db.run(
    'SELECT * FROM runs WHERE id < ?1 ORDER BY id DESC LIMIT ?2',
    beforeId,
    limit,
  )
  return rows.map(runFromRow)
}

/** Reads a row of `runs`. */
export const runFromRow = (row: Row): StoredRun => ({
  id: integer(row, 'id'),
  startedAt: time(row, 'started_at'),
  finishedAt: optionalTime(row, 'finished_at'),
  report: JSON.parse(optionalText(row, 'report') ?? '{}') as Record<string, unknown>,
})

/** Deletes the oldest runs, about `limit` at most, that started before `before`. */
export async function sweepRuns(db: Database, before: UnixSeconds, limit: number): Promise<void> {
  await db.run(
    `DELETE FROM runs WHERE id IN
       (SELECT id FROM runs WHERE started_at < ?1 AND id <= (SELECT min(id) FROM runs) + ?2)`,
    before,
    limit,
  )
}
