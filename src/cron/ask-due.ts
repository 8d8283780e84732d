/** What WeChat is to be asked about: orders that expire, attempts on their ladder. */
import type { Claimed, Deps, NextDue } from '../service/ports.ts'
import { orFailed, workOff } from './at-once.ts'
import { runAttempt, runOrder } from './due-items.ts'

/** The dearest item: query, close, query, each written. */
const ITEM_CALLS_MAX = 3
const ITEM_STATEMENTS_MAX = 14
/** For the run's own record, the claims, the reading, the rescheduling, and a webhook. */
const OWN_STATEMENTS = 14

export type AskReport = Readonly<{
  due: number
  booked: number
  closed: number
  waiting: number
  failed: number
  /** Due, but beyond this tick's budget: the next tick takes them. */
  left: number
}>

type Item = Readonly<{ ordercode: string; number: number | undefined }>

/** @param calls How many this part of the tick may make in all. */
export async function askDue(deps: Deps, calls: number): Promise<AskReport> {
  const { statements } = deps.config.tick
  const claimed = await deps.store.claim(deps.now(), {
    orders: Math.ceil(calls / ITEM_CALLS_MAX),
    attempts: calls,
  })
  const items = interleave(claimed)
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
        statements,
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
  for (const item of left) next.push({ ...item, dueAt: deps.now() })
  await deps.store.reschedule(claimed, next)
  return { due: items.length, ...count, left: left.length }
}

/** Neither a crowd of expiries nor a crowd of questions keeps the other waiting. */
function interleave(claimed: Claimed): readonly Item[] {
  const orders: Item[] = claimed.orders.map((ordercode) => ({ ordercode, number: undefined }))
  // An order that expires takes its own attempts down.
  const attempts: Item[] = claimed.attempts.filter(
    ({ ordercode }) => !claimed.orders.includes(ordercode),
  )
  const items: Item[] = []
  while (orders.length > 0 || attempts.length > 0) {
    items.push(...attempts.splice(0, ITEM_CALLS_MAX), ...orders.splice(0, 1))
  }
  return items
}
