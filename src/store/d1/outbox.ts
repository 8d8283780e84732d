/** Rows by which the shop and the operator are notified: webhooks and reviews. */
import { type Review, reviewId } from '../../core/review.ts'
import { later, MINUTE_S, type UnixSeconds } from '../../core/time.ts'
import { type Webhook, webhookId } from '../../core/webhook.ts'
import { orNull } from './columns.ts'
import type { Value } from './database.ts'

/**
 * The request or run that inserts the row tries the webhook immediately. The cron
 * takes over after this time.
 */
const FIRST_TRY_S = MINUTE_S

/** The row of a new webhook. Without a receiver (`hasTarget` is false) the row is only a record. */
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

/** The row of a new, open review. */
export const reviewRow = (review: Review, now: UnixSeconds): Record<string, Value> => ({
  id: reviewId(review),
  kind: review.kind,
  subject: review.subject,
  ordercode: orNull(review.ordercode),
  evidence: JSON.stringify(review.evidence),
  opened_at: now,
})
