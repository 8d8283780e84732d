import type { UnixSeconds } from '../core/time.ts'

/** A recovery after a restore of the database. */
export type Recovery = Readonly<{
  /** The time to which the database was restored. */
  since: UnixSeconds
  requestedAt: UnixSeconds
  /** Undefined while there is work left. */
  finishedAt: UnixSeconds | undefined
}>

/** What is left of a recovery: attempts to query, a thousand at most, and bills to reconcile. */
export type RecoveryLeft = Readonly<{ since: UnixSeconds; attempts: number; bills: number }>

/** Recoveries, as stored. @throws StoreUnavailable from any method. */
export interface RecoveryStore {
  /**
   * Makes all due again that may have changed at WeChat since the database was restored. Safe to repeat: a recovery
   * that has begun is not begun again.
   */
  begin(since: UnixSeconds, now: UnixSeconds): Promise<Recovery | undefined>
  /** What is left of the recovery that is under way; undefined when none is. */
  left(now: UnixSeconds): Promise<RecoveryLeft | undefined>
}
