/** Sends and queries refunds that are due. */
import type { Budget } from '../ports/budget.ts'
import type { Deps } from '../ports/deps.ts'
import type { NextRefundDue } from '../ports/refund-store.ts'
import { CLAIM_LIMITED_REFUNDS, CLAIM_REFUNDS, COSTS } from '../service/costs.ts'
import { advanceDueRefund, claimDueRefunds } from '../service/refund/due-refunds.ts'
import { isAway, NO_ROOM, type Slice } from './queue.ts'
import { catchAndLog, runPool } from './work-pool.ts'

type DueRefundsDeps = Pick<
  Deps,
  'config' | 'deliverSoon' | 'log' | 'now' | 'orders' | 'refunds' | 'reviews' | 'wechat'
>

/** How many refunds a slice has at most. */
const REFUNDS = 6

/** Claims as many due refunds as fit one slice and the budget, and sends or queries each. */
export async function advanceDueRefunds(deps: DueRefundsDeps, budget: Budget): Promise<Slice> {
  // Only as many refunds are leased as fit the budget: a
  // leased refund that is not sent waits until its lease ends.
  const { paused, perDay } = deps.config.refundLimits
  const isLimited = paused || perDay !== undefined
  const claim = isLimited ? CLAIM_LIMITED_REFUNDS : CLAIM_REFUNDS
  const limit = Math.min(REFUNDS, budget.room(COSTS.refund, claim))
  if (limit === 0) return NO_ROOM
  const due = await claimDueRefunds(deps, limit)
  const next: NextRefundDue[] = []
  const count = { answered: 0, unanswered: 0, failed: 0 }
  await runPool(
    due.byOrder,
    () => true,
    async (ofOrder) => {
      for (const item of ofOrder) {
        const advanced = await catchAndLog(deps, () => advanceDueRefund(deps, item))
        if (advanced === 'failed') {
          count.failed++
        } else {
          count[advanced.isAnswered ? 'answered' : 'unanswered']++
          next.push(advanced)
        }
      }
    },
  )
  await due.reschedule(next)
  const { answered, unanswered, failed } = count
  return {
    more: due.count === limit && !isAway(unanswered, answered),
    // Refunds have a host and a certificate of their own, so their silence says nothing about queries.
    away: false,
    did: { refunds: due.count, failed },
  }
}
