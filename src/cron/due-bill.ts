/** Reconciles the bill that has been due the longest: at most one in a run of the cron. */
import type { Budget } from '../ports/budget.ts'
import type { Deps } from '../ports/deps.ts'
import { advanceBill, claimDueBill, postponeBill } from '../service/bill/reconcile-bill.ts'
import { COSTS, FETCH_BILL } from '../service/costs.ts'
import { catchAndLog } from './work-pool.ts'

type DueBillDeps = Pick<
  Deps,
  | 'archive'
  | 'bills'
  | 'config'
  | 'deliverSoon'
  | 'log'
  | 'now'
  | 'orders'
  | 'readBill'
  | 'refunds'
  | 'reviews'
  | 'used'
  | 'wechat'
>

/**
 * Reconciles the due bill as far as the budget allows.
 * @returns the bill's day; undefined when no bill was begun.
 */
export async function reconcileDueBill(
  deps: DueBillDeps,
  budget: Budget,
): Promise<string | undefined> {
  if (!budget.allows(COSTS.billStep, 1, FETCH_BILL)) return undefined
  const bill = await claimDueBill(deps)
  if (bill === undefined) return undefined
  const advanced = await catchAndLog(deps, () => advanceBill(deps, bill, budget))
  // A bill whose work failed is postponed, so that it does not block the bills of other days.
  if (advanced === 'failed') await postponeBill(deps, bill, 'failed, see the log')
  return bill.day
}
