/**
 * The cost of each item of work in a run of the cron, in outbound calls and SQL statements. An item is begun only
 * when its cost still fits the budget: with a figure that is too low, an item could be begun and not be finished.
 * `test/stories/costs.test.ts` measures every kind with a real database.
 */
import type { Cost } from '../ports/budget.ts'

/** The cost of one item, by kind of work; {@link RARE_EXCESS} says what a rare item takes beyond it. */
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

/**
 * How many statements a rare item takes beyond its cost in `COSTS`: a late or second payment, or one that was
 * refunded already, which the fast path refuses and a transition records. The statements that a run reserves for
 * webhooks absorb them.
 */
export const RARE_EXCESS: Readonly<Record<keyof typeof COSTS, number>> = {
  order: 6,
  refund: 0,
  webhook: 0,
  billStep: 7,
}

/** Storing when claimed orders or refunds are due again: it must still fit after their items are done. */
export const RESCHEDULE: Cost = { calls: 0, statements: 2 }
/** Claiming due webhooks: it must still fit after the webhooks that the run itself wrote are sent. */
export const CLAIM: Cost = { calls: 0, statements: 1 }
/** What a run reserves for webhooks: one webhook and its claim. */
export const WEBHOOK_RESERVE: Cost = { calls: 0, statements: 10 }
