import type { StoredReview } from '../core/review.ts'
import { formatRfc3339 } from '../core/time.ts'
import { fieldsJson } from './fields.ts'

/** A review as the shop and the operator see it. Contract: fields are added, never renamed. */
export const reviewJson = (review: StoredReview) => ({
  id: review.id,
  kind: review.kind,
  ordercode: review.ordercode ?? null,
  evidence: fieldsJson(review.evidence),
  opened_at: formatRfc3339(review.openedAt),
  actor: review.actor,
  resolved_at: review.resolvedAt === undefined ? null : formatRfc3339(review.resolvedAt),
  action: review.action ?? null,
  note: review.note ?? null,
})
