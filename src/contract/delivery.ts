import { formatRfc3339, timeOrNull } from '../core/time.ts'
import type { ListedDelivery } from '../ports/delivery-store.ts'

/** A webhook and its tries as the shop sees them. Contract: fields are added, never renamed. */
export const deliveryJson = (delivery: ListedDelivery) => ({
  id: delivery.id,
  type: delivery.type,
  ordercode: delivery.ordercode ?? null,
  state: delivery.state,
  tries: delivery.tries,
  created_at: formatRfc3339(delivery.createdAt),
  due_at: timeOrNull(delivery.dueAt),
  tried_at: timeOrNull(delivery.triedAt),
  last_status: delivery.lastStatus ?? null,
  last_error: delivery.lastError ?? null,
  delivered_at: timeOrNull(delivery.deliveredAt),
  history: delivery.history.map(({ at, ms, status, error, answer }) => ({
    at: formatRfc3339(at),
    ms: ms ?? null,
    status: status ?? null,
    error: error ?? null,
    answer: answer ?? null,
  })),
})
