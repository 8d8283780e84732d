/**
 * The largest cost of each item of a run of the cron. A test measures them (`test/cron/costs.test.ts`): an
 * item that costs more than is stated here could be begun and not be finished.
 */
import type { Cost } from '../ports/budget.ts'

export const COSTS = {
  /** An order or an attempt: query, close, query, each written. */
  order: { calls: 3, statements: 13 },
  /** A refund: loaded, started, sent, its refusal confirmed, and the outcome written. */
  refund: { calls: 2, statements: 13 },
  /** A webhook: its facts loaded, the try stored, and a review when it is given up. */
  webhook: { calls: 1, statements: 9 },
  /** A step of a bill: a page of rows, or a difference that is queried and recorded. */
  billStep: { calls: 2, statements: 18 },
} as const satisfies Record<string, Cost>

/** Claiming due orders happens before the items; their rescheduling must fit after them. */
export const RESCHEDULE: Cost = { calls: 0, statements: 2 }
/** Claiming due webhooks. */
export const CLAIM: Cost = { calls: 0, statements: 1 }
