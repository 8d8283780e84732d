import { formatRfc3339, timeOrNull } from '../core/time.ts'
import type { Recovery } from '../ports/recovery-store.ts'

/** A recovery as the operator sees it. Contract: fields are added, never renamed. */
export const recoveryJson = ({ since, requestedAt, finishedAt }: Recovery) => ({
  since: formatRfc3339(since),
  requested_at: formatRfc3339(requestedAt),
  finished_at: timeOrNull(finishedAt),
})
