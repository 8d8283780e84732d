/** Sends webhooks: those that this run of the cron wrote, and those that are due for a retry. */
import type { Budget } from '../ports/budget.ts'
import type { Deps } from '../ports/deps.ts'
import { CLAIM, COSTS } from '../service/costs.ts'
import {
  claimDueWebhooks,
  deliverFirst,
  deliverWebhook,
} from '../service/webhook/deliver-webhook.ts'
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

/**
 * The maximum number of webhooks that a run leases: six are sent at a time, each within ten seconds, so this
 * many are tried before their lease ends.
 */
const CLAIM_MAX = 60

/**
 * Sends webhooks within the budget: first those that this run wrote, then those that are due for a retry.
 *
 * @param written The ids of the webhooks that this run wrote and that have not been tried.
 * @returns how many webhooks were tried. The others keep their due time for the next run.
 */
export async function deliverDueWebhooks(
  deps: DueWebhooksDeps,
  written: readonly string[],
  budget: Budget,
): Promise<number> {
  if (deps.config.webhookTarget !== 'set') return 0
  let tried = 0
  await runPool(
    written,
    (running) => budget.allows(COSTS.webhook, running + 1, CLAIM),
    async (id) => {
      tried++
      await catchAndLog(deps, () => deliverFirst(deps, id))
    },
  )
  // Only as many webhooks are leased as fit the budget: a
  // leased webhook that is not sent waits until its lease ends.
  const room = Math.min(budget.room(COSTS.webhook, CLAIM), CLAIM_MAX)
  if (room <= 0) return tried
  const due = await claimDueWebhooks(deps, room)
  await runPool(
    due,
    () => true,
    async (delivery) => {
      tried++
      await catchAndLog(deps, () => deliverWebhook(deps, delivery))
    },
  )
  return tried
}
