/**
 * The largest cost of each item of work in a run of the cron, in outbound calls and SQL statements. An item
 * is begun only when its largest cost still fits the budget. With a figure here that is too low, an item
 * could be begun and not be finished.
 */
import type { Cost } from '../ports/budget.ts'

/** The largest cost of one item, by kind of work. */
export const COSTS = {
  /** An expired order or a due attempt: query, close and query again, each with its write. */
  order: { calls: 3, statements: 13 },
  /** A refund: load and start it, send it, confirm a refusal by a query, write the outcome. */
  refund: { calls: 2, statements: 13 },
  /** A webhook: load its data, store the try, open a review when it is given up. */
  webhook: { calls: 1, statements: 9 },
  /** A step of a bill: compare one page of rows, or query and record one difference. */
  billStep: { calls: 2, statements: 18 },
} as const satisfies Record<string, Cost>

/** Storing when claimed orders or refunds are due again: it must still fit after their items are done. */
export const RESCHEDULE: Cost = { calls: 0, statements: 2 }
/** Claiming due webhooks: it must still fit after the webhooks that the run itself wrote are sent. */
export const CLAIM: Cost = { calls: 0, statements: 1 }
