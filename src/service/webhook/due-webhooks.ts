/** Claims due webhooks for one run of the cron, renders them together, and stores their tries together. */
import { later, MINUTE_S, type UnixSeconds } from '../../core/time.ts'
import { nextTryAt, type WebhookClass } from '../../core/webhook.ts'
import type { StoredDelivery, Try } from '../../ports/delivery-store.ts'
import type { Deps } from '../../ports/deps.ts'
import { saveTry, sendOnce } from './deliver-webhook.ts'
import { renderer } from './render.ts'

type DueWebhooksDeps = Pick<
  Deps,
  'bills' | 'deliverSoon' | 'deliveries' | 'log' | 'now' | 'orders' | 'reviews' | 'webhooks'
>

/** How many new webhooks one run takes up: so many a minute are more than D1 can write. */
const TAKEN_UP_MAX = 5_000

/**
 * Takes up webhooks that are older than a minute. By then the requests that wrote them have tried them, or never will. Takes
 * one SQL statement.
 */
export const takeUpNewWebhooks = ({
  deliveries,
  now,
}: Pick<Deps, 'deliveries' | 'now'>): Promise<void> =>
  deliveries.takeUp(later(now(), -MINUTE_S), TAKEN_UP_MAX)

/** Due webhooks that are leased to this run of the cron. */
export type DueWebhooks = Readonly<{
  claimed: readonly StoredDelivery[]
  /** Sends one of them once. @returns whether the shop's server answered at all. */
  send: (delivery: StoredDelivery) => Promise<'answered' | 'unanswered' | 'too_early'>
  /** Stores the tries of all that were sent. @param left Those that were not begun: they are due again as before. */
  save: (left: readonly StoredDelivery[]) => Promise<void>
}>

/** When a claimed webhook was due before its lease. */
const dueBefore = ({ step, createdAt, triedAt = createdAt }: StoredDelivery): UnixSeconds =>
  step === 0 ? createdAt : (nextTryAt(step, triedAt) ?? createdAt)

/**
 * Leases due webhooks of one class to this run, the longest due first. A run that crashes between a try and its storing
 * tries the webhook again, under the same `webhook-id`.
 */
export async function claimDueWebhooks(
  deps: DueWebhooksDeps,
  webhooks: WebhookClass,
  limit: number,
): Promise<DueWebhooks> {
  const claimed = await deps.deliveries.claimDue(webhooks, deps.now(), limit)
  const render = await renderer(deps, claimed)
  const tries: Try[] = []
  return {
    claimed,
    async send(before) {
      const body = await render(before)
      if (body === undefined) return 'too_early'
      const after = await sendOnce(deps, before, body)
      tries.push({ before, after })
      return after.lastStatus === undefined ? 'unanswered' : 'answered'
    },
    async save(left) {
      const isOver = ({ after }: Try): boolean => after.state === 'given_up'
      await deps.deliveries.saveTries(
        tries.filter((each) => !isOver(each)),
        left.map((delivery) => ({ ...delivery, dueAt: dueBefore(delivery) })),
      )
      for (const { before, after } of tries.filter(isOver)) await saveTry(deps, before, after)
    },
  }
}
