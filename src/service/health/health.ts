/** Whether the installation works, and if not, what is wrong. */
import { type HealthComponent, type HealthFacts, judgeHealth } from '../../core/health.ts'
import type { Deps } from '../../ports/deps.ts'
import { StoreNotMigrated, StoreUnavailable } from '../../ports/store.ts'
import { isWorkSetAside } from '../other-merchants.ts'
import { DATABASE_BYTES_MAX } from '../run/plan.ts'

/** What is not in order. `facts` are those of the database; undefined when it gave none. */
export type Health = Readonly<{
  components: readonly HealthComponent[]
  facts: HealthFacts | undefined
}>

/** Reads the health of the installation. The answer is never an error: a database that is away is a component. */
export async function checkHealth(
  deps: Pick<Deps, 'config' | 'now' | 'orders' | 'runs'>,
): Promise<Health> {
  try {
    const now = deps.now()
    const [read, isAside] = await Promise.all([deps.runs.health(now), isWorkSetAside(deps)])
    const facts = { ...read, bytesMax: DATABASE_BYTES_MAX[deps.config.plan] }
    const aside = { name: 'merchant', status: 'degraded', reason: 'other_merchant' } as const
    return { components: [...judgeHealth(facts, now), ...(isAside ? [aside] : [])], facts }
  } catch (error) {
    const reason =
      error instanceof StoreNotMigrated
        ? 'not_migrated'
        : error instanceof StoreUnavailable
          ? 'unavailable'
          : undefined
    if (reason === undefined) throw error
    return { components: [{ name: 'database', status: 'down', reason }], facts: undefined }
  }
}
