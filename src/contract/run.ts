import { formatRfc3339, timeOrNull } from '../core/time.ts'
import type { StoredRun } from '../ports/run-store.ts'

/** A run of the cron as the operator sees it: its report, with its duration in `seconds`. */
export const runJson = ({ id, startedAt, finishedAt, report }: StoredRun) => ({
  ...report,
  id,
  started_at: formatRfc3339(startedAt),
  finished_at: timeOrNull(finishedAt),
  seconds: finishedAt === undefined ? null : finishedAt - startedAt,
})
