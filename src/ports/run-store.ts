import type { UnixSeconds } from '../core/time.ts'

/** Runs of the cron, as stored. @throws StoreUnavailable from any method. */
export interface RunStore {
  /**
   * Stores that a run began. A run that never finishes has crashed.
   *
   * @param mchId The merchant number of the configuration.
   */
  start(now: UnixSeconds, mchId: string): Promise<StartedRun>
  /** Stores that a run ended. @param report The run's report as JSON. */
  finish(id: number, now: UnixSeconds, report: string): Promise<void>
  /** When the last finished run had started; undefined when no run has finished. */
  lastStartedAt(): Promise<UnixSeconds | undefined>
  /** The cron's runs with a number below `beforeId`, newest first. */
  list(beforeId: number, limit: number): Promise<readonly StoredRun[]>
}

/**
 * A run that began. `isWorkAside`: work of its merchant number was set aside while another number was configured.
 * `isRecovering`: a recovery is under way, whose progress the run reports.
 */
export type StartedRun = Readonly<{ run: number; isWorkAside: boolean; isRecovering: boolean }>

/** A run of the cron. `finishedAt` is undefined while it runs, and for a run that crashed. */
export type StoredRun = Readonly<{
  id: number
  startedAt: UnixSeconds
  finishedAt: UnixSeconds | undefined
  report: Readonly<Record<string, unknown>>
}>
