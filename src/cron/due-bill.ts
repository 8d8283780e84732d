/** The bill whose time has come: at most one in a tick, the oldest day first. */
import { lastBillDay } from '../core/bill/schedule.ts'
import type { Deps, TickBudget } from '../ports/deps.ts'
import { tellIfOverdue } from '../service/bill/fetch-bill.ts'
import { advanceBill, BILL_STEP, postponeBill } from '../service/bill/reconcile-bill.ts'
import { orFailed } from './work-pool.ts'

const NO_END = 'its runs do not come to an end'

/**
 * @param limits What the tick may have used in all when this part ends.
 * @returns the day that was worked on.
 */
export async function billDueBill(deps: Deps, limits: TickBudget): Promise<string | undefined> {
  const affordable = (): boolean =>
    deps.callsUsed() + BILL_STEP.calls <= limits.calls &&
    deps.store.statementsUsed() + BILL_STEP.statements <= limits.statements
  if (!affordable()) return undefined

  const now = deps.now()
  await deps.store.bills.expect(lastBillDay(now), now)
  const bill = await deps.store.bills.claimDue(now)
  if (bill === undefined) return undefined
  // A run that dies says nothing, so the next one does. Differences take their time.
  if (bill.state !== 'settling') await tellIfOverdue(deps, bill, bill.lastError ?? NO_END)
  const failed = await orFailed(deps, () => advanceBill(deps, bill, affordable))
  // It must not stand in the way of the other days.
  if (failed === 'failed') await postponeBill(deps, bill, 'failed, see the log')
  return bill.day
}
