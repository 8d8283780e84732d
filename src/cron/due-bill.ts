/** Works on the bill that is due: at most one in a run, the oldest day first. */
import type { Budget } from '../ports/budget.ts'
import type { Deps } from '../ports/deps.ts'
import { advanceBill, claimDueBill, postponeBill } from '../service/bill/reconcile-bill.ts'
import { COSTS } from '../service/costs.ts'
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

/** @returns the day that was worked on. */
export async function reconcileDueBill(
  deps: DueBillDeps,
  budget: Budget,
): Promise<string | undefined> {
  if (!budget.allows(COSTS.billStep)) return undefined
  const bill = await claimDueBill(deps)
  if (bill === undefined) return undefined
  const advanced = await catchAndLog(deps, () => advanceBill(deps, bill, budget))
  // A day that fails must not stand in the way of the other days.
  if (advanced === 'failed') await postponeBill(deps, bill, 'failed, see the log')
  return bill.day
}
