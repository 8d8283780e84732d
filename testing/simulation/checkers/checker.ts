/**
 * All checks of the product's promise, run when a seed is over. They compare the Worker's tables with the simulated WeChat's
 * ledger and with what the shop received, and use no code of the Worker.
 */
import { ACTOR_CHECKS } from './actors.ts'
import { BILL_CHECKS } from './bills.ts'
import type { Evidence } from './evidence.ts'
import { LOSS_CHECKS } from './losses.ts'
import { ORDER_CHECKS } from './orders.ts'
import { REFUND_CHECKS } from './refunds.ts'
import type { Check } from './rows.ts'
import { WEBHOOK_CHECKS } from './webhooks.ts'

/** Every check by its name, which is printed before each violation. */
export const INVARIANTS = {
  ...ORDER_CHECKS,
  ...WEBHOOK_CHECKS,
  ...REFUND_CHECKS,
  ...BILL_CHECKS,
  ...ACTOR_CHECKS,
  ...LOSS_CHECKS,
} satisfies Record<string, Check>

/** Runs every check. @returns one sentence for each violation, with the name of its check before it. */
export const check = (evidence: Evidence): string[] =>
  Object.entries(INVARIANTS).flatMap(([name, find]) =>
    find(evidence).map((violation) => `${name}: ${violation}`),
  )
