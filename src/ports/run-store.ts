import type { UnixSeconds } from '../core/time.ts'

/** Runs of the cron, as stored. @throws StoreUnavailable from any method. */
export interface RunStore {
  /** @returns the number of the run. A run that was started and never finished has crashed. */
  start(now: UnixSeconds): Promise<number>
  /** @param report JSON. */
  finish(id: number, now: UnixSeconds, report: string): Promise<void>
  /** @returns when the last finished run started. */
  lastStartedAt(): Promise<UnixSeconds | undefined>
  /** Newest first, from below `beforeId`. */
  list(beforeId: number, limit: number): Promise<readonly StoredRun[]>
  /** Deletes a few runs that are older than `before`. */
  sweep(before: UnixSeconds, limit: number): Promise<void>
}

export type StoredRun = Readonly<{
  id: number
  startedAt: UnixSeconds
  finishedAt: UnixSeconds | undefined
  report: Readonly<Record<string, unknown>>
}>
