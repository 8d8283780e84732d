import type { UnixSeconds } from '../core/time.ts'
import type { Database } from './database.ts'
import { integer, time } from './rows.ts'

/** @returns the number of the run. A run that was started and never finished has crashed. */
export async function startRun(db: Database, now: UnixSeconds): Promise<number> {
  const { rows } = await db.run('INSERT INTO runs (started_at) VALUES (?) RETURNING id', now)
  return rows[0] === undefined ? 0 : integer(rows[0], 'id')
}

export async function finishRun(
  db: Database,
  id: number,
  now: UnixSeconds,
  report: string,
): Promise<void> {
  await db.run('UPDATE runs SET finished_at = ?2, report = ?3 WHERE id = ?1', id, now, report)
}

export async function lastRunAt(db: Database): Promise<UnixSeconds | undefined> {
  const { rows } = await db.run(
    'SELECT started_at FROM runs WHERE finished_at IS NOT NULL ORDER BY id DESC LIMIT 1',
  )
  return rows[0] === undefined ? undefined : time(rows[0], 'started_at')
}
