/** One try of one webhook, and what the Worker does about its outcome. */
import type { Review } from '../../core/review.ts'
import { nextTryAt } from '../../core/webhook.ts'
import type { PastTry, StoredDelivery } from '../../ports/delivery-store.ts'
import type { Deps } from '../../ports/deps.ts'
import { reportOpened } from '../open-review.ts'
import { renderer } from './render.ts'

type DeliverWebhookDeps = Pick<
  Deps,
  'bills' | 'deliverSoon' | 'deliveries' | 'log' | 'now' | 'orders' | 'reviews' | 'webhooks'
>

/** How much of the receiver's answer to a failed try is kept. */
const ANSWER_CHARS_MAX = 200

/**
 * Makes the first try of a webhook that was just stored. If the try fails or is cut off, the cron repeats it.
 */
export async function deliverFirst(deps: DeliverWebhookDeps, id: string): Promise<void> {
  const delivery = await deps.deliveries.find(id)
  if (delivery?.state === 'pending' && delivery.tries === 0) await deliverWebhook(deps, delivery)
}

/**
 * Tries a webhook once and stores the outcome. A failed webhook changes nothing about its fact, which is
 * stored separately. If the last try of the retry schedule fails, a review opens.
 *
 * @returns `too_early` when nothing was sent, because the webhook's bill is being reconciled again.
 */
export async function deliverWebhook(
  deps: DeliverWebhookDeps,
  delivery: StoredDelivery,
): Promise<'delivered' | 'failed' | 'given_up' | 'too_early'> {
  const render = await renderer(deps, [delivery])
  const body = await render(delivery)
  // Nothing was sent, so no try is counted: the webhook keeps its step in the retry schedule, and is due
  // again when its lease ends.
  if (body === undefined) return 'too_early'
  const { state } = await saveTry(deps, delivery, await sendOnce(deps, delivery, body))
  return state === 'pending' ? 'failed' : state === 'given_up' ? state : 'delivered'
}

/** Sends a webhook once. @returns the webhook after the try, which is not stored yet. */
export async function sendOnce(
  { log, now: clock, webhooks }: Pick<Deps, 'log' | 'now' | 'webhooks'>,
  delivery: StoredDelivery,
  body: string,
): Promise<StoredDelivery> {
  const tried = await webhooks.send({ id: delivery.id, body })
  const now = clock()
  const step = delivery.step + 1
  const dueAt = tried.delivered ? undefined : nextTryAt(step, now)
  const state = tried.delivered ? 'delivered' : dueAt === undefined ? 'given_up' : 'pending'
  const tries = delivery.tries + 1
  log({
    event: 'webhook_tried',
    ...(delivery.ordercode === undefined ? {} : { ordercode: delivery.ordercode }),
    type: delivery.type,
    state,
    tries,
    status: tried.status,
    ...(tried.error === undefined ? {} : { reason: tried.error }),
    ...((tried.words ?? '') === '' ? {} : { error: tried.words }),
  })
  const past: PastTry = {
    at: now,
    ms: tried.ms,
    status: tried.status,
    error: tried.error,
    answer: tried.words?.slice(0, ANSWER_CHARS_MAX),
  }
  return {
    ...delivery,
    state,
    body,
    tries,
    step,
    dueAt,
    triedAt: now,
    lastStatus: tried.status,
    lastError: tried.error,
    deliveredAt: tried.delivered ? now : undefined,
    history: [...delivery.history, past],
  }
}

/** Stores a try. If it gives the webhook up, a review opens. @returns `after`. */
export async function saveTry(
  deps: Pick<Deps, 'deliverSoon' | 'deliveries' | 'log' | 'now'>,
  before: StoredDelivery,
  after: StoredDelivery,
): Promise<StoredDelivery> {
  const review = after.state === 'given_up' ? givenUpReview(after) : undefined
  const opened = await deps.deliveries.saveTry(before, after, review, deps.now())
  if (review !== undefined && opened !== undefined) reportOpened(deps, review, opened)
  return after
}

/** The review of a webhook that was given up. It opens again when the webhook is resent and given up once more. */
const givenUpReview = ({ id, type, ordercode, tries, lastError = '' }: StoredDelivery): Review => ({
  kind: 'webhook_given_up',
  subject: id,
  ordercode,
  evidence: { type, tries, last_error: lastError },
})
