/** Queries WeChat about due attempts, and closes orders that expired. */
import { later } from '../core/time.ts'
import type { Budget } from '../ports/budget.ts'
import type { Deps } from '../ports/deps.ts'
import type { NextOrderDue } from '../ports/order-store.ts'
import { COSTS, RESCHEDULE } from '../service/costs.ts'
import { claimDueOrders } from '../service/order/due-orders.ts'
import { withoutOtherMerchants } from '../service/other-merchants.ts'
import { followUpAttempt, followUpOrder } from '../service/order/follow-up.ts'
import { catchAndLog, runPool } from './work-pool.ts'

type DueOrdersDeps = Pick<
  Deps,
  'config' | 'deliverSoon' | 'log' | 'now' | 'orders' | 'refunds' | 'reviews' | 'wechat'
>

/**
 * How many due orders and attempts a run of the cron has followed up, by outcome. Part of the run's report.
 */
export type QueryReport = Readonly<{
  due: number
  /** The number of orders and attempts whose payment is recorded now. */
  booked: number
  closed: number
  waiting: number
  /** Orders and attempts whose follow-up threw an exception, which is logged. */
  failed: number
  /** Due orders and attempts beyond the budget of this run: the next run follows them up. */
  left: number
}>

/** How long the follow-up of one item takes at most. An item that could outlast the lease is not begun. */
const ITEM_SECONDS_MAX = 50

/**
 * Claims due orders and attempts, follows up as many as the budget and the lease allow, and stores when
 * each is due again.
 */
export async function queryDueOrders(deps: DueOrdersDeps, budget: Budget): Promise<QueryReport> {
  const { calls } = budget.limit
  const due = await claimDueOrders(deps, {
    orders: Math.ceil(calls / COSTS.order.calls),
    attempts: calls,
  })
  const items = await withoutOtherMerchants(deps, due.items, due.viewOf)
  const count = { booked: 0, closed: 0, waiting: 0, failed: 0 }
  const next: NextOrderDue[] = []
  const left = await runPool(
    items,
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
        next.push({ ...item, dueAt: followUp.dueAt, isAnswered: followUp.isAnswered })
      }
    },
  )
  // Due orders and attempts that were not begun keep their due time, so the next run begins with them.
  next.push(...left.map((item) => ({ ...item, isAnswered: false })))
  await due.reschedule(next)
  return { due: items.length, ...count, left: left.length }
}
