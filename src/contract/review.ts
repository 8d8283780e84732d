import type { StoredReview } from '../core/review.ts'
import { formatRfc3339, toUnixSeconds } from '../core/time.ts'

/**
 * Formats the evidence of a review. A field whose name ends
 * in `_at` is stored in Unix seconds and becomes RFC 3339.
 */
const evidenceJson = (evidence: StoredReview['evidence']): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(evidence).map(([name, value]) =>
      name.endsWith('_at') ? [name, formatRfc3339(toUnixSeconds(Number(value)))] : [name, value],
    ),
  )

/** A review as the shop and the operator see it. Contract: fields are added, never renamed. */
export const reviewJson = (review: StoredReview): Record<string, unknown> => ({
  id: review.id,
  kind: review.kind,
  ordercode: review.ordercode ?? null,
  evidence: evidenceJson(review.evidence),
  opened_at: formatRfc3339(review.openedAt),
  actor: review.actor,
  resolved_at: review.resolvedAt === undefined ? null : formatRfc3339(review.resolvedAt),
  action: review.action ?? null,
  note: review.note ?? null,
})
