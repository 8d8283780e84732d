/** How much a run of the cron may use: the plan of the account, and what happens when the platform allows less. */
import { HOUR_S, later, type UnixSeconds } from '../../core/time.ts'
import type { Cost } from '../../ports/budget.ts'
import type { Plan } from '../../ports/deps.ts'

/**
 * The budget of one run, by plan. The free plan allows an invocation 50 calls, 50 statements and 10 ms of CPU, which is
 * the tightest: 30 calls take 7 ms (`npm run load -- --plan free`). The paid plan allows 10 000 calls and 1 000 statements. A statement is left for one that D1 must repeat,
 * and on the paid plan some for six rare items at a time (`RARE_EXCESS` in `costs.ts`).
 *
 * @see https://developers.cloudflare.com/workers/platform/limits/
 * @see https://developers.cloudflare.com/d1/platform/limits/
 */
export const PLAN_BUDGETS: Readonly<Record<Plan, Cost>> = {
  paid: { calls: 6_000, statements: 950 },
  free: { calls: 30, statements: 49 },
}

/** How large a database may grow, in bytes. @see https://developers.cloudflare.com/d1/platform/limits/ */
export const DATABASE_BYTES_MAX: Readonly<Record<Plan, number>> = {
  paid: 10_000_000_000,
  free: 500_000_000,
}

/** How long runs use the budget of the free plan after the platform has refused more, in seconds. */
const REDUCED_S = HOUR_S

/** The budget of a run. @param isReduced Whether the platform has refused more lately. */
export const runBudget = (configured: Cost, isReduced: boolean): Cost =>
  isReduced
    ? {
        calls: Math.min(configured.calls, PLAN_BUDGETS.free.calls),
        statements: Math.min(configured.statements, PLAN_BUDGETS.free.statements),
      }
    : configured

/** Until when runs use the reduced budget, if the platform refuses more now. */
export const reducedUntil = (now: UnixSeconds): UnixSeconds => later(now, REDUCED_S)
