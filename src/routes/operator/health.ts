import { healthFiguresJson, healthJson } from '../../contract/health.ts'
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
  const body = healthJson(health, [...health.components, ...off], deps.version)
  const figures =
    health.facts !== undefined && (await isKnown(request, deps))
      ? healthFiguresJson(health.facts, deps.now())
      : {}
  return json({ ...body, ...figures }, body.status === 'down' ? 503 : 200)
}

async function isKnown(request: RouteRequest, deps: HealthDeps): Promise<boolean> {
  const token = tokenOf(request)
  return token !== undefined && (await callerWith(token, deps)) !== undefined
}
