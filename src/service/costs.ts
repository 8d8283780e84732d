/**
 * What each item of a run of the cron costs: the budget lets an item begin when this still fits. A test measures
 * every kind in a real database (`test/stories/costs.test.ts`).
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

/**
 * How many statements more a rare item takes: a late or second payment, or one that went back, where the fast
 * path says no and the transition is written. The statements that a run keeps for webhooks absorb it.
 */
export const RARE_EXCESS: Readonly<Record<keyof typeof COSTS, number>> = {
  order: 6,
  refund: 0,
  webhook: 0,
  billStep: 7,
}

/** The rescheduling of claimed orders or refunds, which must fit after the items. */
export const RESCHEDULE: Cost = { calls: 0, statements: 2 }
/** Claiming due webhooks. */
export const CLAIM: Cost = { calls: 0, statements: 1 }
/** A run keeps these for webhooks: one of them, and its claim. */
export const WEBHOOK_RESERVE: Cost = { calls: 0, statements: 10 }
