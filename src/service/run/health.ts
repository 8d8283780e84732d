/** Whether the installation works, and if not, what is wrong. */
import { type Health, judgeCertificate, judgeHealth } from '../../core/health.ts'
import { isOurs } from '../../core/merchant.ts'
import type { Deps } from '../../ports/deps.ts'
import { StoreNotMigrated, StoreUnavailable } from '../../ports/store.ts'
import { DATABASE_BYTES_MAX } from './plan.ts'

/** Reads the health of the installation. The answer is never an error: a database that is away is a component. */
export async function checkHealth(
  deps: Pick<Deps, 'config' | 'now' | 'orders' | 'runs'>,
): Promise<Health> {
  try {
    const now = deps.now()
    const [read, isAside] = await Promise.all([deps.runs.health(now), isWorkSetAside(deps)])
    const facts = { ...read, bytesMax: DATABASE_BYTES_MAX[deps.config.plan] }
    const aside = { name: 'merchant', status: 'degraded', reason: 'other_merchant' } as const
    const components = [
      ...judgeHealth(facts, now),
      ...judgeCertificate(deps.config.certificateExpiresAt, now),
      ...(isAside ? [aside] : []),
    ]
    return { components, facts }
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

/** Whether work of another merchant number waits, and the operator has not given the number up. */
const isWorkSetAside = async ({
  config,
  orders,
}: Pick<Deps, 'config' | 'orders'>): Promise<boolean> =>
  (await orders.otherMerchants()).some(
    (each) => !isOurs(each, config) && each.givenUpAt === undefined,
  )
