/**
 * One tick of the cron: takes what is due, asks WeChat, writes what came of it. Due rows carry their
 * own time, so an outage of any length leaves a backlog and loses nothing.
 */
import { fromMillis, type UnixSeconds } from '../core/time.ts'
import type { Claimed, Deps, NextDue } from '../service/ports.ts'
import { runAttempt, runOrder, type ItemOutcome } from './due-items.ts'

/** A Worker waits for six answers at a time; more would only queue. */
const AT_ONCE = 6
/** The dearest item: query, close, query, each written. */
const ITEM_CALLS_MAX = 3
const ITEM_STATEMENTS_MAX = 12
/** For the run's own record, the claim, the reading and the rescheduling. */
const OWN_STATEMENTS = 10

type Item = Readonly<{ ordercode: string; number: number | undefined }>

type Report = {
  due: number
  booked: number
  closed: number
  waiting: number
  failed: number
  /** Due, but beyond this tick's budget: the next tick takes them. */
  left: number
  calls: number
  statements: number
}

/** @param scheduledMs When the platform meant to call. A test moves time with it. */
export async function tick(base: Deps, scheduledMs: number): Promise<void> {
  const scheduled = fromMillis(scheduledMs)
  const now = (): UnixSeconds => {
    const clock = base.now()
    return clock > scheduled ? clock : scheduled
  }
  const deps: Deps = { ...base, now }

  const run = await deps.store.startRun(now())
  const report = await runDue(deps)
  await deps.store.finishRun(run, now(), JSON.stringify(report))
  deps.log({ event: 'tick_finished', ...report })
}

async function runDue(deps: Deps): Promise<Report> {
  const { tick: budget } = deps.config
  const claimed = await deps.store.claim(deps.now(), {
    orders: Math.ceil(budget.calls / ITEM_CALLS_MAX),
    attempts: budget.calls,
  })
  const items = interleave(claimed)
  const report: Report = {
    due: items.length,
    booked: 0,
    closed: 0,
    waiting: 0,
    failed: 0,
    left: 0,
    calls: 0,
    statements: 0,
  }
  const views = new Map(
    (await deps.store.loadMany([...new Set(items.map(({ ordercode }) => ordercode))])).map(
      (view) => [view.order.ordercode, view],
    ),
  )

  const next: NextDue[] = []
  let running = 0
  const affordable = (): boolean =>
    deps.callsUsed() + (running + 1) * ITEM_CALLS_MAX <= budget.calls &&
    deps.store.statementsUsed() + (running + 1) * ITEM_STATEMENTS_MAX + OWN_STATEMENTS <=
      budget.statements

  async function work(): Promise<void> {
    while (affordable()) {
      const item = items.shift()
      const view = item === undefined ? undefined : views.get(item.ordercode)
      if (item === undefined || view === undefined) return
      running++
      const outcome = await runItem(deps, () =>
        item.number === undefined ? runOrder(deps, view) : runAttempt(deps, view, item.number),
      )
      running--
      report[outcome.result]++
      if (outcome.result !== 'failed') next.push({ ...item, dueAt: outcome.dueAt })
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))

  report.left = items.length
  for (const item of items) next.push({ ...item, dueAt: deps.now() })
  await deps.store.reschedule(claimed, next)
  report.calls = deps.callsUsed()
  report.statements = deps.store.statementsUsed()
  return report
}

/** One bad row must not keep the others waiting: it is logged, and comes back when its lease ends. */
async function runItem(
  deps: Deps,
  item: () => Promise<ItemOutcome>,
): Promise<ItemOutcome | Readonly<{ result: 'failed' }>> {
  try {
    return await item()
  } catch (error) {
    const name = error instanceof Error ? error.name : 'unknown'
    deps.log({ event: 'tick_item_failed', reason: name, stack: stackOf(error) })
    return { result: 'failed' }
  }
}

const stackOf = (error: unknown): string | undefined =>
  error instanceof Error ? error.stack?.split('\n').slice(1, 6).join('\n') : undefined

/** Neither a crowd of expiries nor a crowd of questions keeps the other waiting. */
function interleave(claimed: Claimed): Item[] {
  const orders: Item[] = claimed.orders.map((ordercode) => ({ ordercode, number: undefined }))
  const attempts: Item[] = [...claimed.attempts]
  const items: Item[] = []
  while (orders.length > 0 || attempts.length > 0) {
    items.push(...attempts.splice(0, ITEM_CALLS_MAX), ...orders.splice(0, 1))
  }
  return items
}
