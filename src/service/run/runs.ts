/** The record of the cron's runs, and what its retention deletes. */
import { DAY_S, later, type UnixSeconds } from '../../core/time.ts'
import type { Deps } from '../../ports/deps.ts'
import type { StoredRun } from '../../ports/run-store.ts'

/** Runs and delivered webhooks are kept this long; each run of the cron deletes a few older ones. */
const RETENTION_S = 90 * DAY_S
const SWEEP_ROWS = 50

/** @returns the number of the run. */
export const startRun = ({ runs, now }: Pick<Deps, 'now' | 'runs'>): Promise<number> =>
  runs.start(now())

/** @param report Becomes JSON. */
export const finishRun = (
  { runs, now }: Pick<Deps, 'now' | 'runs'>,
  run: number,
  report: Readonly<Record<string, unknown>>,
): Promise<void> => runs.finish(run, now(), JSON.stringify(report))

/** Newest first, from below `beforeId`. */
export const listRuns = (
  { runs }: Pick<Deps, 'runs'>,
  beforeId: number,
  limit: number,
): Promise<readonly StoredRun[]> => runs.list(beforeId, limit)

/** @returns when the last finished run started. */
export const lastRunAt = ({ runs }: Pick<Deps, 'runs'>): Promise<UnixSeconds | undefined> =>
  runs.lastStartedAt()

/** Deletes what is past its retention. Two statements. */
export async function sweep({
  runs,
  deliveries,
  now,
}: Pick<Deps, 'deliveries' | 'now' | 'runs'>): Promise<void> {
  const before = later(now(), -RETENTION_S)
  await runs.sweep(before, SWEEP_ROWS)
  await deliveries.sweep(before, SWEEP_ROWS)
}
