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
  order: { calls: 3, statements: 10 },
  /**
   * A refund: load it, confirm its payment, start and send it, list WeChat's refunds of the payment after a doubtful
   * refusal, confirm the refusal by a query, write the outcome.
   */
  refund: { calls: 4, statements: 13 },
  /** A webhook: read its bill, or store the try and open a review when it is given up. */
  webhook: { calls: 1, statements: 3 },
  /** A step of a bill: compare one page of rows, or query and record one difference. */
  billStep: { calls: 2, statements: 12 },
} as const satisfies Record<string, Cost>

/**
 * How many statements a rare item needs beyond its cost in `COSTS`. Rare items are late payments, second
 * payments and payments that were already refunded: the fast path refuses them, and a transition records
 * them. A run keeps a reserve for the excess, which items without one may use ({@link withoutRare}).
 */
export const RARE_EXCESS: Readonly<Record<keyof typeof COSTS, number>> = {
  order: 8,
  refund: 0,
  webhook: 0,
  billStep: 7,
}

/** What a budget keeps for a rare item, and what it has in any case for the usual ones: enough for an item of any kind. */
const RARE_RESERVE = Math.max(...Object.values(RARE_EXCESS))
const USUAL_MIN = 40

/**
 * The part of a budget that items with a rare excess share. With the smallest budget, what it leaves of the platform's
 * limit covers the excess.
 */
export const withoutRare = ({ calls, statements }: Cost): Cost => ({
  calls,
  statements: Math.max(Math.min(statements, USUAL_MIN), statements - RARE_RESERVE),
})

/**
 * The cost of claiming due orders or attempts, of reading them, and of storing when they are due again. What an item
 * costs must fit beside it.
 */
export const CLAIM_ORDERS: Cost = { calls: 0, statements: 4 }
/** The part of it that comes after the items: storing when they are due again. */
export const RESCHEDULE: Cost = { calls: 0, statements: 1 }
/** The same where orders are closed: their closings are written together before that. */
export const WRITE_CLOSED: Cost = { calls: 0, statements: 4 + RESCHEDULE.statements }
/** The cost of closing a set of untouched orders that expired, however many they are. */
export const EXPIRE_UNTOUCHED: Cost = { calls: 0, statements: 3 }
/** The cost of claiming due refunds, and of storing when they are due again. */
export const CLAIM_REFUNDS: Cost = { calls: 0, statements: 3 }
/** The same while refunds are paused or have a limit: count those that are held back, and open their review. */
export const CLAIM_LIMITED_REFUNDS: Cost = { calls: 0, statements: 7 }
/** The cost of claiming due webhooks, of reading their orders and reviews, and of storing their tries. */
export const CLAIM_WEBHOOKS: Cost = { calls: 0, statements: 7 }
/**
 * The cost of claiming the due bill, of telling that it is overdue, of downloading it from one of two origins, and of storing
 * that. A step must fit beside it, because a bill that is not archived is downloaded again in every run.
 */
export const FETCH_BILL: Cost = { calls: 2, statements: 8 }
/** The cost of telling the operators' group: read health and reviews, claim the message, send it, store it. */
export const ALERTS: Cost = { calls: 1, statements: 8 }
/** The cost of deleting old rows at the end of a run. */
export const SWEEP: Cost = { calls: 0, statements: 2 }
