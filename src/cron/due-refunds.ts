/** Sends and queries refunds that are due. */
import type { Budget } from '../ports/budget.ts'
import type { Deps } from '../ports/deps.ts'
import type { NextRefundDue } from '../ports/refund-store.ts'
import { CLAIM_LIMITED_REFUNDS, CLAIM_REFUNDS, COSTS } from '../service/costs.ts'
import { advanceDueRefund, claimDueRefunds } from '../service/refund/due-refunds.ts'
import { catchAndLog, runPool } from './work-pool.ts'

type DueRefundsDeps = Pick<
  Deps,
  'config' | 'deliverSoon' | 'log' | 'now' | 'orders' | 'refunds' | 'reviews' | 'wechat'
>

/** How many refunds a run has claimed, and whether more may be due. */
export type RefundReport = Readonly<{ done: number; mayBeMore: boolean }>

/** Claims as many due refunds as fit the budget, and sends or queries each. */
export async function advanceDueRefunds(
  deps: DueRefundsDeps,
  budget: Budget,
): Promise<RefundReport> {
  // Only as many refunds are leased as fit the budget: a
  // leased refund that is not sent waits until its lease ends.
  const { paused, perDay } = deps.config.refundLimits
  const isLimited = paused || perDay !== undefined
  const room = budget.room(COSTS.refund, isLimited ? CLAIM_LIMITED_REFUNDS : CLAIM_REFUNDS)
  if (room <= 0) return { done: 0, mayBeMore: true }
  const due = await claimDueRefunds(deps, room)
  const next: NextRefundDue[] = []
  await runPool(
    due.byOrder,
    () => true,
    async (ofOrder) => {
      for (const item of ofOrder) {
        const advanced = await catchAndLog(deps, () => advanceDueRefund(deps, item))
        if (advanced !== 'failed') next.push(advanced)
      }
    },
  )
  await due.reschedule(next)
  return { done: due.count, mayBeMore: due.count === room }
}
