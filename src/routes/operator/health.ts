import { type Health, overall } from '../../core/health.ts'
import { formatRfc3339, timeOrNull } from '../../core/time.ts'
import { checkHealth } from '../../service/run/health.ts'
import { callerWith, tokenOf } from '../http/auth.ts'
import type { HttpDeps } from '../http/deps.ts'
import { json } from '../http/problem.ts'
import type { RouteRequest } from '../http/request.ts'

type HealthDeps = Pick<
  HttpDeps,
  | 'config'
  | 'featuresOff'
  | 'merchantTokens'
  | 'now'
  | 'operators'
  | 'orders'
  | 'recentHealth'
  | 'runs'
  | 'version'
>

/**
 * `GET /health`, for an external monitor: 200 while payments are taken and found, 503 when they are not. Strangers may
 * read it, so it has names and codes; with a token it has ages and counts, too. It is answered from memory for some
 * seconds.
 */
export async function getHealth(request: RouteRequest, deps: HealthDeps): Promise<Response> {
  const health = await deps.recentHealth.get(deps.now(), () => checkHealth(deps))
  const off = deps.featuresOff.map(({ feature, variables }) => ({
    name: feature,
    status: 'degraded' as const,
    reason: 'misconfigured',
    variables,
  }))
  const components = [...health.components, ...off]
  const status = overall(components)
  const lastCronAt = health.facts?.lastCronAt
  const body = {
    status,
    version: deps.version,
    last_cron_at: lastCronAt === undefined ? null : formatRfc3339(lastCronAt),
    components,
    ...((await isKnown(request, deps)) ? figuresOf(health, deps) : {}),
  }
  return json(body, status === 'down' ? 503 : 200)
}

async function isKnown(request: RouteRequest, deps: HealthDeps): Promise<boolean> {
  const token = tokenOf(request)
  return token !== undefined && (await callerWith(token, deps)) !== undefined
}

/** What only people with a token may read. Ages are seconds; null where nothing is due. */
function figuresOf({ facts }: Health, { now }: Pick<HttpDeps, 'now'>) {
  if (facts === undefined) return {}
  const ages = Object.entries(facts.oldestDue).map(([name, since]) => [
    name,
    since === undefined ? null : now() - since,
  ])
  return {
    oldest_due: Object.fromEntries(ages) as Readonly<Record<string, number | null>>,
    database: { bytes: facts.bytes, bytes_max: facts.bytesMax },
    reduced_until: timeOrNull(facts.reducedUntil),
  }
}
