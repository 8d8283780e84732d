/** The rows of webhooks, which notify the shop, and of reviews, which the operator resolves. */
import type { Actor } from '../../core/actor.ts'
import { type Review, reviewId } from '../../core/review.ts'
import { later, MINUTE_S, type UnixSeconds } from '../../core/time.ts'
import { type Webhook, webhookId } from '../../core/webhook.ts'
import { orNull } from './columns.ts'
import type { Value } from './database.ts'

/**
 * How long after its insertion a webhook is due for the cron. The request or run that inserts the webhook
 * tries it immediately; the cron takes over if that try fails or never happens.
 */
const FIRST_TRY_S = MINUTE_S

/**
 * Makes the row of a new webhook.
 *
 * @param hasTarget Whether a receiver is configured. If not, the row only records the webhook as `no_target`.
 */
export const deliveryRow = (
  webhook: Webhook,
  now: UnixSeconds,
  hasTarget: boolean,
): Record<string, Value> => ({
  id: webhookId(webhook),
  type: webhook.type,
  subject: webhook.subject,
  ordercode: orNull(webhook.ordercode),
  revision: orNull(webhook.revision),
  state: hasTarget ? 'pending' : 'no_target',
  created_at: now,
  due_at: hasTarget ? later(now, FIRST_TRY_S) : null,
})

/** Makes the row of a new, open review, which `actor` opens. */
export const reviewRow = (
  review: Review,
  now: UnixSeconds,
  actor: Actor,
): Record<string, Value> => ({
  id: reviewId(review),
  kind: review.kind,
  subject: review.subject,
  ordercode: orNull(review.ordercode),
  evidence: JSON.stringify(review.evidence),
  opened_at: now,
  actor,
})
