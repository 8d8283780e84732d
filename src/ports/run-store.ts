import type { OldestDue } from '../core/due.ts'
import type { HealthFacts } from '../core/health.ts'
import type { UnixSeconds } from '../core/time.ts'

/** Runs of the cron, as stored. @throws StoreUnavailable from any method. */
export interface RunStore {
  /**
   * Stores that a run began. A run that never finishes has crashed.
   *
   * @param mchId The merchant number of the configuration.
   */
  start(now: UnixSeconds, mchId: string): Promise<StartedRun>
  /** Since when the oldest due work of each class has waited; undefined where nothing is due. */
  oldestDue(now: UnixSeconds): Promise<OldestDue>
  /** Stores that a run ended. @param report The run's report as JSON. */
  finish(
    id: number,
    now: UnixSeconds,
    report: string,
    reducedUntil: UnixSeconds | undefined,
  ): Promise<void>
  /** What the database says about the health of the installation. */
  health(now: UnixSeconds): Promise<Omit<HealthFacts, 'bytesMax'>>
  /** The cron's runs with a number below `beforeId`, newest first. */
  list(beforeId: number, limit: number): Promise<readonly StoredRun[]>
}

/**
 * A run that began. `isWorkAside`: work of its merchant number was set aside while another number was configured.
 * `isRecovering`: a recovery is under way, whose progress the run reports. `reducedUntil`: until when runs use the
 * budget of the free plan. `crashed`: the last two runs that must have ended by now did not finish.
 */
export type StartedRun = Readonly<{
  run: number
  isWorkAside: boolean
  isRecovering: boolean
  reducedUntil: UnixSeconds | undefined
  crashed: boolean
}>

/** A run of the cron. `finishedAt` is undefined while it runs, and for a run that crashed. */
export type StoredRun = Readonly<{
  id: number
  startedAt: UnixSeconds
  finishedAt: UnixSeconds | undefined
  report: Readonly<Record<string, unknown>>
}>

/**
 * Removes what is no longer needed, and brings rows of earlier versions up to date, step by step. `limit`: how many rows one
 * step looks at, at most.
 *
 * @throws StoreUnavailable from any method.
 */
export interface SweepStore {
  /** Deletes records of cron runs that are older than `before`. One statement. */
  runs(before: UnixSeconds, limit: number): Promise<void>
  /** Deletes webhooks that are older than `before` and were delivered, or had no target. Two statements. */
  deliveries(before: UnixSeconds, limit: number): Promise<void>
  /** Drops the bodies of webhooks that an earlier version delivered. Three statements; one when all are done. */
  bodies(limit: number): Promise<void>
  /** Adds payments of before the sums per day to them. Three statements; one when all are done. */
  payments(limit: number): Promise<void>
  /** The same for refunds. */
  refunds(limit: number): Promise<void>
}
