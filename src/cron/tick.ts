/**
 * One run of the cron: claims what is due, queries WeChat, sends webhooks, and stores the outcome. Due rows
 * carry their own time, so an outage of any length leaves a backlog and loses nothing.
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

/** Refunds, bills and webhooks get at least this share of the calls each, and what others do not use. */
const SHARE = 0.1
/** The end of a run: what is left is counted or the retention deletes, and the report is stored. */
const LAST_STATEMENTS = 3
/** The run's own record, and one refund with its claim, however small the budget is. */
const REFUND_STATEMENTS = COSTS.refund.statements + 3
const REFUNDS_TURN_S = 2 * MINUTE_S
const BILLS_TURN_S = 5 * MINUTE_S

type Report = QueryReport &
  Readonly<{
    refunds: number
    /** Due, but beyond the budget of this run. */
    refunds_left: number
    bill?: string
    /** Webhooks that were tried. */
    told: number
    calls: number
    statements: number
  }>

/** @param scheduledMs When the platform meant to call; a test moves time with it. */
export async function tick(base: Deps, scheduledMs: number): Promise<void> {
  const scheduled = fromMillis(scheduledMs)
  const now = (): UnixSeconds => {
    const clock = base.now()
    return clock > scheduled ? clock : scheduled
  }
  // Webhooks that this run writes are sent within its own budget, not beside it.
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
  const bill = (): Promise<string | undefined> =>
    guarded(deps, undefined, () => reconcileDueBill(deps, budget.query))

  // On the smallest budget one refund leaves nothing for the queries of a run, so the two take turns.
  const isRefundsTurn = now() % REFUNDS_TURN_S < MINUTE_S
  if (isRefundsTurn) await runRefunds(budget.refund)
  // Queries come before bills; but in every fifth minute the bill comes first, however many queries are due.
  const isBillsTurn = now() % BILLS_TURN_S < MINUTE_S
  const first = isBillsTurn ? await bill() : undefined
  const queried = await queryDueOrders(deps, budget.query)
  const billed = isBillsTurn ? first : await bill()
  let told = await deliverDueWebhooks(deps, written.splice(0), budget.all)
  // Refunds and their webhooks get what is left of the budget.
  if (!isRefundsTurn || refunds.mayBeMore) await runRefunds(budget.all)
  if (written.length > 0) told += await deliverDueWebhooks(deps, written.splice(0), budget.all)
  // While refunds are waiting, the retention may wait, too.
  const left = refunds.mayBeMore ? await countDueRefunds(deps) : 0
  if (left === 0) await sweep(deps)

  const report: Report = {
    ...queried,
    refunds: refunds.done,
    refunds_left: left,
    ...(billed === undefined ? {} : { bill: billed }),
    told,
    ...deps.used(),
  }
  await finishRun(deps, run, report)
  deps.log({ event: 'tick_finished', ...report })
}

/** A fault in refunds or bills must not keep payments from being queried, nor webhooks from being sent. */
async function guarded<T>(deps: Pick<Deps, 'log'>, nothing: T, work: () => Promise<T>): Promise<T> {
  const done = await catchAndLog(deps, work)
  return done === 'failed' ? nothing : done
}

/**
 * The shares of a run. In their turn refunds come first, up to their share, so that what they do not use
 * flows on to the queries, and what those leave flows on to the webhooks and back.
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
