/** Runs of the cron in D1. */
import type { UnixSeconds } from '../core/time.ts'
import type { StoredRun } from '../ports/run-store.ts'
import { integer, optionalText, optionalTime, time } from './d1/columns.ts'
import type { Database } from './d1/database.ts'

/** Inserts a run that has started. @returns its number. A run that is never finished has crashed. */
export async function startRun(db: Database, now: UnixSeconds): Promise<number> {
  const { rows } = await db.run('INSERT INTO runs (started_at) VALUES (?) RETURNING id', now)
  return rows[0] === undefined ? 0 : integer(rows[0], 'id')
}

/** Stores that a run ended. @param report JSON. */
export async function finishRun(
  db: Database,
  id: number,
  now: UnixSeconds,
  report: string,
): Promise<void> {
  await db.run('UPDATE runs SET finished_at = ?2, report = ?3 WHERE id = ?1', id, now, report)
}

/** @returns when the last finished run started; undefined when no run has finished. */
export async function lastRunAt(db: Database): Promise<UnixSeconds | undefined> {
  const { rows } = await db.run(
    'SELECT started_at FROM runs WHERE finished_at IS NOT NULL ORDER BY id DESC LIMIT 1',
  )
  return rows[0] === undefined ? undefined : time(rows[0], 'started_at')
}

/** One page of runs with a number below `beforeId`, newest first. */
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

/** Deletes runs that started before `before`, at most about `limit` of the oldest. */
export async function sweepRuns(db: Database, before: UnixSeconds, limit: number): Promise<void> {
  await db.run(
    `DELETE FROM runs WHERE id IN
       (SELECT id FROM runs WHERE started_at < ?1 AND id <= (SELECT min(id) FROM runs) + ?2)`,
    before,
    limit,
  )
}
