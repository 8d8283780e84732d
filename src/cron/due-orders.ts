/** Queries WeChat about due attempts, and closes orders that expired. */
import { later } from '../core/time.ts'
import type { Budget } from '../ports/budget.ts'
import type { Deps } from '../ports/deps.ts'
import type { NextOrderDue } from '../ports/order-store.ts'
import { COSTS, RESCHEDULE } from '../service/costs.ts'
import { claimDueOrders } from '../service/order/due-orders.ts'
import { followUpAttempt, followUpOrder } from '../service/order/follow-up.ts'
import { catchAndLog, runPool } from './work-pool.ts'

type DueOrdersDeps = Pick<
  Deps,
  'config' | 'deliverSoon' | 'log' | 'now' | 'orders' | 'refunds' | 'reviews' | 'wechat'
>

export type QueryReport = Readonly<{
  due: number
  booked: number
  closed: number
  waiting: number
  failed: number
  /** Due, but beyond the budget of this run: the next run takes them. */
  left: number
}>

/** No item takes longer, and none is begun that could outlive the lease. */
const ITEM_SECONDS_MAX = 50

export async function queryDueOrders(deps: DueOrdersDeps, budget: Budget): Promise<QueryReport> {
  const { calls } = budget.limit
  const due = await claimDueOrders(deps, {
    orders: Math.ceil(calls / COSTS.order.calls),
    attempts: calls,
  })
  const count = { booked: 0, closed: 0, waiting: 0, failed: 0 }
  const next: NextOrderDue[] = []
  const left = await runPool(
    due.items,
    (running) =>
      budget.allows(COSTS.order, running + 1, RESCHEDULE) &&
      deps.now() < later(due.leaseUntil, -ITEM_SECONDS_MAX),
    async (item) => {
      const view = due.viewOf(item)
      if (view === undefined) return
      const followUp = await catchAndLog(deps, () =>
        item.number === undefined
          ? followUpOrder(deps, view)
          : followUpAttempt(deps, view, item.number),
      )
      if (followUp === 'failed') {
        count.failed++
      } else {
        count[followUp.result]++
        next.push({ ...item, dueAt: followUp.dueAt })
      }
    },
  )
  // The rest keeps its place: what is due the longest is the first of the next run.
  next.push(...left)
  await due.reschedule(next)
  return { due: due.items.length, ...count, left: left.length }
}
