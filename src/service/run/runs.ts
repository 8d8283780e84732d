/** Stores and lists the runs of the cron, and deletes old runs and old delivered webhooks. */
import type { OldestDue } from '../../core/due.ts'
import { DAY_S, later, MINUTE_S, type UnixSeconds } from '../../core/time.ts'
import type { Deps } from '../../ports/deps.ts'
import type { StartedRun, StoredRun } from '../../ports/run-store.ts'

/**
 * How long runs and delivered webhooks are kept, in seconds. Runs of the cron delete older rows.
 */
const RETENTION_S = 90 * DAY_S
/** How many rows one step deletes or writes: 1 440 000 a day when every run takes the step, 288 000 when every fifth does. */
const SWEEP_ROWS = 1_000
/** A run takes the place of one that is deleted, and few more. Each of these rows is read by every run of the cron. */
const RUNS_SWEPT = 10
/** How many rows one step only reads. */
const WALK_ROWS = 5_000

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

/**
 * Deletes runs and delivered webhooks that are past their retention, and brings rows of earlier versions up to date: as
 * many steps as there is room for. Another step comes first every minute, so each has its turn. Deleting fits the smallest room
 * (`SWEEP` in `costs.ts`); rows of earlier versions wait for a run that leaves a statement more.
 *
 * @param room How many SQL statements it may take.
 */
export async function sweep(
  { sweeps, now }: Pick<Deps, 'now' | 'sweeps'>,
  room: number,
): Promise<void> {
  const before = later(now(), -RETENTION_S)
  const steps = [
    { statements: 2, take: () => sweeps.deliveries(before, SWEEP_ROWS) },
    { statements: 1, take: () => sweeps.runs(before, RUNS_SWEPT) },
    { statements: 3, take: () => sweeps.bodies(SWEEP_ROWS) },
    { statements: 3, take: () => sweeps.payments(WALK_ROWS) },
    { statements: 3, take: () => sweeps.refunds(WALK_ROWS) },
  ]
  const first = Math.floor(now() / MINUTE_S) % steps.length
  let left = room
  for (const { statements, take } of [...steps.slice(first), ...steps.slice(0, first)]) {
    if (statements > left) continue
    left -= statements
    await take()
  }
}

/** How many statements {@link sweep} takes at most. */
export const SWEEP_STATEMENTS = 12
