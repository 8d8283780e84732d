/** Everything that `/metrics` shows. */
import type { Health } from '../../core/health.ts'
import type { Deps } from '../../ports/deps.ts'
import type { Figures } from '../../ports/metrics-store.ts'
import { checkHealth } from './health.ts'

/** The health of the installation, and its figures. */
export type Metrics = Readonly<{ health: Health; figures: Figures }>

/** Reads both side by side. */
export async function readMetrics(
  deps: Pick<Deps, 'config' | 'metrics' | 'now' | 'orders' | 'runs'>,
): Promise<Metrics> {
  const [health, figures] = await Promise.all([checkHealth(deps), deps.metrics.read(deps.now())])
  return { health, figures }
}
