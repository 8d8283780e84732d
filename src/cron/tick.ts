/**
 * One run of the cron: claims what is due, queries WeChat, sends webhooks, and stores the outcome. Every
 * row has its own due time, so an outage of any length leaves a backlog and loses nothing.
 */
import { fromMillis, MINUTE_S, type UnixSeconds } from '../core/time.ts'
import { Budget, type Cost } from '../ports/budget.ts'
import type { Deps } from '../ports/deps.ts'
import { COSTS, WEBHOOK_RESERVE } from '../service/costs.ts'
import { countDueRefunds } from '../service/refund/due-refunds.ts'
import { finishRun, startRun, sweep } from '../service/run/runs.ts'
import { reconcileDueBill } from './due-bill.ts'
import { queryDueOrders, type QueryReport } from './due-orders.ts'
import { advanceDueRefunds, type RefundReport } from './due-refunds.ts'
import { deliverDueWebhooks } from './due-webhooks.ts'
import { catchAndLog } from './work-pool.ts'

/** The share of the calls that refunds may use first in their turn; as much is kept for webhooks. */
const SHARE = 0.1
/** Statements at the end of a run: count the refunds that are left or delete old rows, store the report. */
const LAST_STATEMENTS = 3
/** Statements for the record of the run's start and one refund with its claim, however small the budget is. */
const REFUND_STATEMENTS = COSTS.refund.statements + 3
/** The cron runs every minute: refunds come first in every second run, the bill in every fifth. */
const REFUNDS_TURN_S = 2 * MINUTE_S
const BILLS_TURN_S = 5 * MINUTE_S

type Report = QueryReport &
  Readonly<{
    refunds: number
    /** Due, but beyond the budget of this run. */
    refunds_left: number
    bill?: string
    /** How many webhooks were tried. */
    told: number
    calls: number
    statements: number
  }>

/**
 * Runs the cron once.
 *
 * @param scheduledMs The time for which the platform scheduled the run, in milliseconds. The time of the
 *   run is the later of this and the clock, so that a test can move time ahead.
 */
export async function tick(base: Deps, scheduledMs: number): Promise<void> {
  const scheduled = fromMillis(scheduledMs)
  const now = (): UnixSeconds => {
    const clock = base.now()
    return clock > scheduled ? clock : scheduled
  }
  // Webhooks that this run writes are collected and sent within its budget, not in the background.
  const written: string[] = []
  const deps: Deps = { ...base, now, deliverSoon: (ids) => void written.push(...ids) }

  const run = await startRun(deps)
  const budget = budgetsOf(deps)
  let refunds: RefundReport = { done: 0, mayBeMore: false }
  async function runRefunds(within: Budget): Promise<void> {
    const none: RefundReport = { done: 0, mayBeMore: false }
    const { done, mayBeMore } = await guarded(deps, none, () => advanceDueRefunds(deps, within))
    refunds = { done: refunds.done + done, mayBeMore }
  }
  const runBill = (): Promise<string | undefined> =>
    guarded(deps, undefined, () => reconcileDueBill(deps, budget.query))

  // With the smallest budget, one refund leaves nothing for the queries of a run, so the two take turns.
  const isRefundsTurn = now() % REFUNDS_TURN_S < MINUTE_S
  if (isRefundsTurn) await runRefunds(budget.refund)
  // Queries come before the bill, except in every fifth minute: no backlog of queries may block it for long.
  const isBillsTurn = now() % BILLS_TURN_S < MINUTE_S
  const first = isBillsTurn ? await runBill() : undefined
  const queried = await queryDueOrders(deps, budget.query)
  const billed = isBillsTurn ? first : await runBill()
  let tried = await deliverDueWebhooks(deps, written.splice(0), budget.all)
  // Refunds and their webhooks get what is left of the budget.
  if (!isRefundsTurn || refunds.mayBeMore) await runRefunds(budget.all)
  if (written.length > 0) tried += await deliverDueWebhooks(deps, written.splice(0), budget.all)
  // While refunds are waiting, deleting old rows can wait, too.
  const left = refunds.mayBeMore ? await countDueRefunds(deps) : 0
  if (left === 0) await sweep(deps)

  const report: Report = {
    ...queried,
    refunds: refunds.done,
    refunds_left: left,
    ...(billed === undefined ? {} : { bill: billed }),
    told: tried,
    ...deps.used(),
  }
  await finishRun(deps, run, report)
  deps.log({ event: 'tick_finished', ...report })
}

/** An exception in refunds or bills must not stop the queries and the webhooks of the run. */
async function guarded<T>(
  deps: Pick<Deps, 'log'>,
  fallback: T,
  work: () => Promise<T>,
): Promise<T> {
  const done = await catchAndLog(deps, work)
  return done === 'failed' ? fallback : done
}

/**
 * The parts of a run's budget. In their turn refunds come first, up to their share. Queries and bills may
 * use what refunds leave of that, and webhooks and then refunds again may use all that is left in the end.
 */
function budgetsOf({ config, used }: Pick<Deps, 'config' | 'used'>) {
  const { calls, statements } = config.tick
  const share = Math.ceil(calls * SHARE)
  const all = new Budget(used, { calls, statements: statements - LAST_STATEMENTS })
  const refund: Cost = {
    calls: Math.max(share, COSTS.refund.calls),
    statements: REFUND_STATEMENTS,
  }
  const query: Cost = {
    calls: calls - share,
    statements: all.limit.statements - WEBHOOK_RESERVE.statements,
  }
  return { all, refund: all.share(refund), query: all.share(query) }
}
