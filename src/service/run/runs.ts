/** Stores and lists the runs of the cron, and deletes old runs and old delivered webhooks. */
import type { OldestDue } from '../../core/due.ts'
import { DAY_S, later, type UnixSeconds } from '../../core/time.ts'
import type { Deps } from '../../ports/deps.ts'
import type { StartedRun, StoredRun } from '../../ports/run-store.ts'

/**
 * How long runs and delivered webhooks are kept, in seconds. Each run of the cron deletes a few older rows.
 */
const RETENTION_S = 90 * DAY_S
/** The maximum number of rows of each kind that one run of the cron deletes. */
const SWEEP_ROWS = 50

/** Stores that a run of the cron has started. */
export const startRun = ({
  config,
  now,
  runs,
}: Pick<Deps, 'config' | 'now' | 'runs'>): Promise<StartedRun> => runs.start(now(), config.mchId)

/** When the work of each class that is due the longest became due. Takes one SQL statement. */
export const oldestDue = ({ now, runs }: Pick<Deps, 'now' | 'runs'>): Promise<OldestDue> =>
  runs.oldestDue(now())

/**
 * Stores that a run has finished.
 *
 * @param report The run's figures, stored as JSON and shown by `GET /runs`.
 * @param reducedUntil Until when runs use the budget of the free plan; undefined when nothing changes about it.
 */
export const finishRun = (
  { runs, now }: Pick<Deps, 'now' | 'runs'>,
  run: number,
  report: Readonly<Record<string, unknown>>,
  reducedUntil: UnixSeconds | undefined,
): Promise<void> => runs.finish(run, now(), JSON.stringify(report), reducedUntil)

/** Lists runs of the cron, newest first. @param beforeId Only runs with a smaller number. */
export const listRuns = (
  { runs }: Pick<Deps, 'runs'>,
  beforeId: number,
  limit: number,
): Promise<readonly StoredRun[]> => runs.list(beforeId, limit)

/** Deletes runs and delivered webhooks that are past their retention. Takes two SQL statements. */
export async function sweep({
  runs,
  deliveries,
  now,
}: Pick<Deps, 'deliveries' | 'now' | 'runs'>): Promise<void> {
  const before = later(now(), -RETENTION_S)
  await runs.sweep(before, SWEEP_ROWS)
  await deliveries.sweep(before, SWEEP_ROWS)
}
