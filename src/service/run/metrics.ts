/** Everything that `/metrics` shows. */
import type { Deps } from '../../ports/deps.ts'
import type { Metrics } from '../../ports/metrics-store.ts'
import { checkHealth } from './health.ts'

/** Reads both side by side. */
export async function readMetrics(
  deps: Pick<Deps, 'config' | 'metrics' | 'now' | 'orders' | 'runs'>,
): Promise<Metrics> {
  const [health, figures] = await Promise.all([checkHealth(deps), deps.metrics.read(deps.now())])
  return { health, figures }
}
