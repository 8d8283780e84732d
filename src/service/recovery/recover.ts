/** Recovers from a restore of the database, which takes our records back in time and WeChat's not. */
import { BILL_DAYS_AVAILABLE } from '../../core/bill/schedule.ts'
import { DAY_S, later, type UnixSeconds } from '../../core/time.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import type { Deps } from '../../ports/deps.ts'
import type { Recovery, RecoveryLeft } from '../../ports/recovery-store.ts'

/**
 * Begins a recovery: bills are fetched anew, attempts are queried, and refunds are looked for, all by the cron. Every
 * order that changes from now on gets a revision above all that the lost records may have had. Safe to repeat.
 *
 * @param since The time to which the database was restored.
 * @returns `out_of_range` when that time is in the future, or older than the bills that WeChat keeps.
 */
export async function recover(
  { recoveries, now, log }: Pick<Deps, 'log' | 'now' | 'recoveries'>,
  since: UnixSeconds,
): Promise<Result<Recovery, Readonly<{ reason: 'out_of_range' }>>> {
  if (since > now() || since < later(now(), -BILL_DAYS_AVAILABLE * DAY_S)) {
    return err({ reason: 'out_of_range' })
  }
  const recovery = await recoveries.begin(since, now())
  if (recovery === undefined) return err({ reason: 'out_of_range' })
  log({ event: 'recovery_requested', since, requested_at: recovery.requestedAt })
  return ok(recovery)
}

/** What is left of the recovery that is under way, for the report of a run of the cron. */
export const recoveryLeft = ({
  recoveries,
  now,
}: Pick<Deps, 'now' | 'recoveries'>): Promise<RecoveryLeft | undefined> => recoveries.left(now())
