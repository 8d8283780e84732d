/**
 * The cost of each item of work in a run of the cron, in outbound calls and SQL statements. An item begins
 * only if its cost fits the budget. If a figure here were too low, an item could begin and not be finished.
 * `test/stories/costs.test.ts` measures every kind of item with a real database.
 */
import type { Cost } from '../ports/budget.ts'

/**
 * The cost of one item, by kind of work. {@link RARE_EXCESS}
 * has the statements that a rare item needs in addition.
 */
export const COSTS = {
  /** An expired order or a due attempt: query, close and query again, each with its write. */
  order: { calls: 3, statements: 13 },
  /**
   * A refund: load it, confirm its payment, start and send it, list WeChat's refunds of the payment after a doubtful
   * refusal, confirm the refusal by a query, write the outcome.
   */
  refund: { calls: 4, statements: 16 },
  /** A webhook: load its data, store the try, open a review when it is given up. */
  webhook: { calls: 1, statements: 9 },
  /** A step of a bill: compare one page of rows, or query and record one difference. */
  billStep: { calls: 2, statements: 18 },
} as const satisfies Record<string, Cost>

/**
 * How many statements a rare item needs beyond its cost in `COSTS`. Rare items are late payments, second
 * payments and payments that were already refunded: the fast path refuses them, and a transition records
 * them. The statements that a run reserves for webhooks cover the excess.
 */
export const RARE_EXCESS: Readonly<Record<keyof typeof COSTS, number>> = {
  order: 9,
  refund: 0,
  webhook: 0,
  billStep: 7,
}

/** The cost of storing when claimed orders are due again. It must still fit after the work on them. */
export const RESCHEDULE: Cost = { calls: 0, statements: 2 }
/** The cost of claiming due refunds, and of storing when they are due again. */
export const CLAIM_REFUNDS: Cost = { calls: 0, statements: 3 }
/** The same while refunds are paused or have a limit: count those that are held back, and open their review. */
export const CLAIM_LIMITED_REFUNDS: Cost = { calls: 0, statements: 7 }
/**
 * The cost of claiming due webhooks. It must still fit
 * after the run has sent the webhooks that it wrote itself.
 */
export const CLAIM: Cost = { calls: 0, statements: 1 }
/** The part of the budget that a run reserves for webhooks: one webhook and its claim. */
export const WEBHOOK_RESERVE: Cost = { calls: 0, statements: 10 }
