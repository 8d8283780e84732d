import { readMetrics } from '../../service/run/metrics.ts'
import { hasToken } from '../http/auth.ts'
import type { HttpDeps } from '../http/deps.ts'
import { problem } from '../http/problem.ts'
import type { RouteRequest } from '../http/request.ts'
import { metricsText } from './metrics-text.ts'

type MetricsDeps = Pick<
  HttpDeps,
  'config' | 'metrics' | 'metricsToken' | 'now' | 'orders' | 'recentMetrics' | 'runs' | 'version'
>

/**
 * `GET /metrics`: the figures for Prometheus, from memory for some seconds. It has a token of its own, so that Prometheus
 * never holds one that moves money. Without METRICS_TOKEN there is nothing at this path.
 */
export async function getMetrics(request: RouteRequest, deps: MetricsDeps): Promise<Response> {
  const { metricsToken } = deps
  if (metricsToken === undefined) return problem('not_found')
  if (!(await hasToken(request, metricsToken)))
    return problem('unauthorized', {}, { 'www-authenticate': 'Bearer realm="metrics"' })
  const now = deps.now()
  const metrics = await deps.recentMetrics.get(now, () => readMetrics(deps))
  const { certificateExpiresAt } = deps.config
  return new Response(metricsText(metrics, { now, version: deps.version, certificateExpiresAt }), {
    headers: {
      'content-type': 'text/plain; version=0.0.4; charset=utf-8',
      'cache-control': 'no-store',
    },
  })
}
