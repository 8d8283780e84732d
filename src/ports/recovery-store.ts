import type { UnixSeconds } from '../core/time.ts'

/** A recovery after a restore of the database. */
export type Recovery = Readonly<{
  /** The time to which the database was restored. */
  since: UnixSeconds
  requestedAt: UnixSeconds
  /** Undefined while there is work left. */
  finishedAt: UnixSeconds | undefined
}>

/** What is left of a recovery. Attempts are counted up to a thousand. */
export type RecoveryLeft = Readonly<{
  since: UnixSeconds
  /** Attempts about which WeChat has not answered. */
  attempts: number
  /** Those of them that wait because they belong to another merchant number than `WX_MCH_ID`. */
  otherMerchants: number
  /** Bills to reconcile. */
  bills: number
}>

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
