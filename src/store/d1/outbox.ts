/** The rows by which the shop and the operator are told of something. */
import { type Review, reviewId } from '../../core/review.ts'
import { later, MINUTE_S, type UnixSeconds } from '../../core/time.ts'
import { type Webhook, webhookId } from '../../core/webhook.ts'
import { orNull } from './columns.ts'
import type { Value } from './database.ts'

/** Whoever writes the row tries first, at once; the cron takes it from here. */
const FIRST_TRY_S = MINUTE_S

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

export const reviewRow = (review: Review, now: UnixSeconds): Record<string, Value> => ({
  id: reviewId(review),
  kind: review.kind,
  subject: review.subject,
  ordercode: orNull(review.ordercode),
  evidence: JSON.stringify(review.evidence),
  opened_at: now,
})
