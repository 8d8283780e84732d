import type { UnixSeconds } from '../core/time.ts'

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
