/** Sends webhooks that are due. */
import type { WebhookClass } from '../core/webhook.ts'
import { later } from '../core/time.ts'
import type { Budget } from '../ports/budget.ts'
import type { Deps } from '../ports/deps.ts'
import { CLAIM_WEBHOOKS, COSTS } from '../service/costs.ts'
import { claimDueWebhooks } from '../service/webhook/due-webhooks.ts'
import { isAway, NO_ROOM, NOTHING_DUE, type Slice, SLICE_S } from './queue.ts'
import { catchAndLog, runPool } from './work-pool.ts'

type DueWebhooksDeps = Pick<
  Deps,
  | 'bills'
  | 'config'
  | 'deliverSoon'
  | 'deliveries'
  | 'log'
  | 'now'
  | 'orders'
  | 'reviews'
  | 'webhooks'
>

/** How many webhooks a slice has at most. */
const WEBHOOKS = 60

/** Claims due webhooks of one class, sends each once, and stores their outcomes together. */
export async function deliverDueWebhooks(
  deps: DueWebhooksDeps,
  webhooks: WebhookClass,
  budget: Budget,
): Promise<Slice> {
  if (deps.config.webhookTarget !== 'set') return NOTHING_DUE
  const limit = Math.min(WEBHOOKS, budget.room(COSTS.webhook, CLAIM_WEBHOOKS))
  if (limit === 0) return NO_ROOM
  const due = await claimDueWebhooks(deps, webhooks, limit)
  const end = later(deps.now(), SLICE_S)
  const count = { answered: 0, unanswered: 0, too_early: 0, failed: 0 }
  const left = await runPool(
    due.claimed,
    () => deps.now() < end,
    async (delivery) => {
      count[await catchAndLog(deps, () => due.send(delivery))]++
    },
  )
  await due.save(left)
  const { answered, unanswered, failed } = count
  return {
    // A slow receiver has had its time of this run.
    more: due.claimed.length === limit && left.length === 0,
    away: isAway(unanswered, answered),
    did: { told: answered + unanswered, failed },
  }
}
