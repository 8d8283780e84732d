/**
 * All checks of the product's promise, run when a seed is over. They compare the Worker's tables with the simulated WeChat's
 * ledger and with what the shop received, and use no code of the Worker.
 */
import { ACTOR_CHECKS } from './actors.ts'
import { BILL_CHECKS } from './bills.ts'
import { DAY_CHECKS } from './days.ts'
import type { Evidence } from './evidence.ts'
import { HELD_REFUND_CHECKS } from './held-refunds.ts'
import { LEAK_CHECKS, untouched } from './leaks.ts'
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
  ...HELD_REFUND_CHECKS,
  ...BILL_CHECKS,
  ...ACTOR_CHECKS,
  ...LOSS_CHECKS,
  ...LEAK_CHECKS,
  ...DAY_CHECKS,
} satisfies Record<string, Check>

/** Whether a check holds about all evidence, even where a forged notice may have been believed. */
const isUnconditional = (name: string): boolean =>
  name in LEAK_CHECKS || UNCONDITIONAL.includes(name as keyof typeof INVARIANTS)
const UNCONDITIONAL: readonly (keyof typeof INVARIANTS)[] = [
  'cancelledRefundsNeverLeave',
  'everyChangeHasItsEvent',
  'attemptsMatchWeChat',
  'factsHaveOneOpenReview',
  'foreignKeysHold',
  'actorsAreRight',
  'daysAddUp',
  'pendingIsQueued',
]

/** Runs every check. @returns one sentence for each violation, with the name of its check before it. */
export function check(evidence: Evidence): string[] {
  const honest = untouched(evidence)
  return Object.entries(INVARIANTS).flatMap(([name, find]) => {
    // A bill has the payments of all orders. Where a forged notice was believed, its sums and differences are not checked.
    if (honest !== evidence && name in BILL_CHECKS && !isUnconditional(name)) return []
    const seen = isUnconditional(name) ? evidence : honest
    return find(seen).map((violation) => `${name}: ${violation}`)
  })
}
