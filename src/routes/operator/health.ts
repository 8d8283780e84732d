import { formatRfc3339, later, MINUTE_S } from '../../core/time.ts'
import { isWorkSetAside } from '../../service/other-merchants.ts'
import { lastRunAt } from '../../service/run/runs.ts'
import type { HttpDeps } from '../http/deps.ts'
import { json } from '../http/problem.ts'
import type { RouteRequest } from '../http/request.ts'

/**
 * How long the cron, which runs every minute, may be silent before `/health` reports it as down, in seconds.
 * Only the cron finds payments whose notices are lost.
 */
const CRON_SILENCE_MAX_S = 5 * MINUTE_S

/**
 * `GET /health`, for an external monitor: 200 while the cron runs, 503 when it is silent. `degraded`: a feature is
 * off because a variable is wrong, or work of another merchant number waits. Strangers may read it, so it has names and codes, and no values.
 */
export async function getHealth(
  _request: RouteRequest,
  deps: Pick<HttpDeps, 'config' | 'featuresOff' | 'now' | 'orders' | 'runs' | 'version'>,
): Promise<Response> {
  const lastCronAt = await lastRunAt(deps)
  const alive = lastCronAt !== undefined && deps.now() <= later(lastCronAt, CRON_SILENCE_MAX_S)
  const off = deps.featuresOff.map(({ feature, variables }) => ({
    name: feature,
    status: 'degraded',
    reason: 'misconfigured',
    variables,
  }))
  const waiting = { name: 'merchant', status: 'degraded', reason: 'other_merchant' }
  const components = [...off, ...((await isWorkSetAside(deps)) ? [waiting] : [])]
  const working = components.length === 0 ? 'ok' : 'degraded'
  const body = {
    status: alive ? working : 'cron_silent',
    version: deps.version,
    last_cron_at: lastCronAt === undefined ? null : formatRfc3339(lastCronAt),
    components,
  }
  return json(body, alive ? 200 : 503)
}
