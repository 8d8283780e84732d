/** What WeChat is to be asked about: orders that expire, attempts on their ladder. */
import { later } from '../core/time.ts'
import type { Deps, TickBudget } from '../ports/deps.ts'
import type { NextDue } from '../ports/store.ts'
import { runAttempt, runOrder } from './due-order.ts'
import { orFailed, workOff } from './work-pool.ts'

/** The dearest item: query, close, query, each written. */
const ITEM_CALLS_MAX = 3
const ITEM_STATEMENTS_MAX = 13
/** The rescheduling. */
const OWN_STATEMENTS = 2

export type AskReport = Readonly<{
  due: number
  booked: number
  closed: number
  waiting: number
  failed: number
  /** Due, but beyond this tick's budget: the next tick takes them. */
  left: number
}>

/** No item takes longer; none is begun that could outlive the lease. */
const ITEM_SECONDS_MAX = 50

/** @param limits What the tick may have used in all when this part ends. */
export async function askDue(deps: Deps, { calls, statements }: TickBudget): Promise<AskReport> {
  const claimed = await deps.store.claim(deps.now(), {
    orders: Math.ceil(calls / ITEM_CALLS_MAX),
    attempts: calls,
  })
  // An order that expires takes its own attempts down.
  const expiring = new Set(
    claimed.items.filter(({ number }) => number === undefined).map(({ ordercode }) => ordercode),
  )
  const items = claimed.items.filter(
    ({ ordercode, number }) => number === undefined || !expiring.has(ordercode),
  )
  const ordercodes = [...new Set(items.map(({ ordercode }) => ordercode))]
  const views = new Map(
    (await deps.store.loadMany(ordercodes)).map((view) => [view.order.ordercode, view]),
  )

  const count = { booked: 0, closed: 0, waiting: 0, failed: 0 }
  const next: NextDue[] = []
  const left = await workOff(
    items,
    (running) =>
      deps.callsUsed() + (running + 1) * ITEM_CALLS_MAX <= calls &&
      deps.store.statementsUsed() + (running + 1) * ITEM_STATEMENTS_MAX + OWN_STATEMENTS <=
        statements &&
      deps.now() < later(claimed.leaseUntil, -ITEM_SECONDS_MAX),
    async (item) => {
      const view = views.get(item.ordercode)
      if (view === undefined) return
      const outcome = await orFailed(deps, () =>
        item.number === undefined ? runOrder(deps, view) : runAttempt(deps, view, item.number),
      )
      if (outcome === 'failed') {
        count.failed++
      } else {
        count[outcome.result]++
        next.push({ ...item, dueAt: outcome.dueAt })
      }
    },
  )
  // They keep their place: the longest due is the first of the next tick.
  next.push(...left)
  await deps.store.reschedule(claimed, next)
  return { due: items.length, ...count, left: left.length }
}
