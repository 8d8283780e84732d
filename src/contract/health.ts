import { type Health, type HealthComponent, type HealthFacts, overall } from '../core/health.ts'
import { timeOrNull, type UnixSeconds } from '../core/time.ts'
import type { DueClass } from '../core/due.ts'

/** A component of `/health`. `variables`: those that are wrong, of a feature that is switched off. */
export type ShownComponent = HealthComponent & Readonly<{ variables?: readonly string[] }>

/** The JSON of `/health`, as strangers may read it. Contract: fields are added, never renamed. */
export const healthJson = (
  { facts }: Pick<Health, 'facts'>,
  components: readonly ShownComponent[],
  version: string,
) => ({
  status: overall(components),
  version,
  last_cron_at: timeOrNull(facts?.lastCronAt),
  components,
})

/** What only people with a token may read of it. Ages are seconds; null where nothing is due. */
export const healthFiguresJson = (facts: HealthFacts, now: UnixSeconds) => {
  const ages = Object.entries(facts.oldestDue).map(([name, since]) => [
    name,
    since === undefined ? null : now - since,
  ])
  return {
    oldest_due: Object.fromEntries(ages) as Readonly<Record<DueClass, number | null>>,
    database: { bytes: facts.bytes, bytes_max: facts.bytesMax },
    reduced_until: timeOrNull(facts.reducedUntil),
  }
}
