/** Reads and writes the record of the cron's runs in D1. */
import type { UnixSeconds } from '../core/time.ts'
import type { StartedRun, StoredRun } from '../ports/run-store.ts'
import { integer, optionalText, optionalTime, time } from './d1/columns.ts'
import type { Database } from './d1/database.ts'

/** Inserts a run that has started. A run that never gets `finished_at` has crashed. */
export async function startRun(db: Database, now: UnixSeconds, mchId: string): Promise<StartedRun> {
  // The other merchant numbers and recoveries are read by the same statement, because a run has few of them.
  const { rows } = await db.run(
    `INSERT INTO runs (started_at) VALUES (?1)
     RETURNING id, EXISTS (SELECT 1 FROM other_merchants WHERE mch_id = ?2) AS is_work_aside,
       EXISTS (SELECT 1 FROM recoveries WHERE finished_at IS NULL) AS is_recovering`,
    now,
    mchId,
  )
  const [row] = rows
  return row === undefined
    ? { run: 0, isWorkAside: false, isRecovering: false }
    : {
        run: integer(row, 'id'),
        isWorkAside: row['is_work_aside'] === 1,
        isRecovering: row['is_recovering'] === 1,
      }
}

/** Stores that a run has finished. @param report What the run did, as JSON. */
export async function finishRun(
  db: Database,
  id: number,
  now: UnixSeconds,
  report: string,
): Promise<void> {
  await db.run('UPDATE runs SET finished_at = ?2, report = ?3 WHERE id = ?1', id, now, report)
}

/** @returns the time at which the latest finished run started; undefined when no run has finished. */
export async function lastRunAt(db: Database): Promise<UnixSeconds | undefined> {
  const { rows } = await db.run(
    'SELECT started_at FROM runs WHERE finished_at IS NOT NULL ORDER BY id DESC LIMIT 1',
  )
  return rows[0] === undefined ? undefined : time(rows[0], 'started_at')
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
  return rows.map((row) => ({
    id: integer(row, 'id'),
    startedAt: time(row, 'started_at'),
    finishedAt: optionalTime(row, 'finished_at'),
    report: JSON.parse(optionalText(row, 'report') ?? '{}') as Record<string, unknown>,
  }))
}

/** Deletes the oldest runs, about `limit` at most, that started before `before`. */
export async function sweepRuns(db: Database, before: UnixSeconds, limit: number): Promise<void> {
  await db.run(
    `DELETE FROM runs WHERE id IN
       (SELECT id FROM runs WHERE started_at < ?1 AND id <= (SELECT min(id) FROM runs) + ?2)`,
    before,
    limit,
  )
}
