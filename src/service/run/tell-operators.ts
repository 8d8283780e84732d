/** Tells the operators' group what a person must look at, in at most one message. */
import { newsOf, notTold, see, told } from '../../core/alert.ts'
import { later, MINUTE_S } from '../../core/time.ts'
import type { Deps } from '../../ports/deps.ts'
import { checkHealth } from './health.ts'

type TellDeps = Pick<
  Deps,
  'alerts' | 'config' | 'featuresOff' | 'log' | 'now' | 'orders' | 'runs' | 'sendAlert'
>

/** How many reviews one message counts at most. The following message has the rest. */
const REVIEWS_MAX = 200
/** How long a run may take to send a message, in seconds. A run that ends in between leaves the message to a later one. */
const CLAIM_S = MINUTE_S

/** Compares what is wrong now with what was told, and sends what is new. Takes {@link ALERTS} of the budget at most. */
export async function tellOperators(deps: TellDeps): Promise<void> {
  const { alerts, log, sendAlert } = deps
  if (sendAlert === undefined) return
  const now = deps.now()
  const [health, { state, untold, hasOpen }] = await Promise.all([
    checkHealth(deps),
    alerts.read(REVIEWS_MAX),
  ])
  const off = deps.featuresOff.map(({ feature }) => ({
    name: feature,
    status: 'degraded' as const,
    reason: 'misconfigured',
  }))
  const sight = {
    untold,
    hasOpenReviews: hasOpen,
    components: [...health.components, ...off],
  }
  const seen = see(state, sight, now)
  const alert = newsOf(seen, sight, now)
  if (alert === undefined || now < state.dueAt) {
    if (JSON.stringify(seen) !== JSON.stringify(state)) await alerts.save(state, seen, [], now)
    return
  }
  const claimed = { ...seen, version: state.version + 1, dueAt: later(now, CLAIM_S) }
  if (!(await alerts.save(state, claimed, [], now))) return
  const failed = await sendAlert(alert, `alert.${claimed.version}`)
  if (failed === undefined) {
    const ids = alert.reviews.map(({ id }) => id)
    await alerts.save(claimed, told(claimed, alert, hasOpen, now), ids, now)
    log({ event: 'alert_sent', reviews: ids.length, troubles: alert.began.join(', ') })
  } else {
    await alerts.save(claimed, notTold(claimed, failed.failure, now), [], now)
    log({ event: 'alert_not_sent', reason: failed.failure, error: failed.words })
  }
}
