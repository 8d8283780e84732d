/**
 * One run of the cron: claims what is due, queries WeChat, sends webhooks, and stores the outcome. Every
 * row has its own due time, so an outage of any length leaves a backlog and loses nothing.
 */
import { fromMillis, MINUTE_S, type UnixSeconds } from '../core/time.ts'
import { Budget, type Cost } from '../ports/budget.ts'
import type { Deps } from '../ports/deps.ts'
import type { RecoveryLeft } from '../ports/recovery-store.ts'
import { failureEntry } from '../ports/store.ts'
import { CLAIM_LIMITED_REFUNDS, COSTS, WEBHOOK_RESERVE } from '../service/costs.ts'
import { resumeOwnWork } from '../service/other-merchants.ts'
import { countDueRefunds } from '../service/refund/due-refunds.ts'
import { recoveryLeft } from '../service/recovery/recover.ts'
import { finishRun, startRun, sweep } from '../service/run/runs.ts'
import { reconcileDueBill } from './due-bill.ts'
import { queryDueOrders, type QueryReport } from './due-orders.ts'
import { advanceDueRefunds, type RefundReport } from './due-refunds.ts'
import { deliverDueWebhooks } from './due-webhooks.ts'
import { catchAndLog } from './work-pool.ts'

/**
 * The share of a run's outbound calls that refunds may use first, in the runs in which it is their turn. The
 * same share is kept for webhooks.
 */
const SHARE = 0.1
/**
 * The number of statements at the end of a run: count the due refunds or delete old rows, and store the report. A
 * recovery takes one more, which counts what is left of it.
 */
const LAST_STATEMENTS = 3
/** The part of {@link LAST_STATEMENTS} that deletes old rows. */
const SWEEP_RESERVE = 2
/**
 * How many SQL statements a run may have used when refunds, in their turn, have ended: enough to store that the
 * run started, to claim one refund, to advance it and to store when it is due again.
 */
const REFUND_STATEMENTS = COSTS.refund.statements + CLAIM_LIMITED_REFUNDS.statements + 1
/**
 * How often refunds and the bill have their turn to come first, in seconds. The cron runs every minute, so
 * that is every second run for refunds and every fifth for the bill.
 */
const REFUNDS_TURN_S = 2 * MINUTE_S
const BILLS_TURN_S = 5 * MINUTE_S

type Report = QueryReport &
  Readonly<{
    refunds: number
    /** The number of due refunds that were left for later runs, because this run's budget was too small. */
    refunds_left: number
    bill?: string
    /** The number of webhooks that were tried. */
    told: number
    /** What is left of the recovery that is under way. */
    recovery?: RecoveryLeft
    calls: number
    statements: number
  }>

/**
 * Runs the cron once. Rejects when the run cannot go on, for example without the database, so that the platform counts it
 * as failed.
 *
 * @param scheduledMs The time for which the platform scheduled the run, in milliseconds. The run's time is
 *   this time or the clock, whichever is later, so that a test can move time ahead.
 */
export async function tick(base: Deps, scheduledMs: number): Promise<void> {
  try {
    await run(base, scheduledMs)
  } catch (error) {
    base.log({ ...failureEntry(error), handler: 'scheduled' })
    throw error
  }
}

async function run(base: Deps, scheduledMs: number): Promise<void> {
  const scheduled = fromMillis(scheduledMs)
  const now = (): UnixSeconds => {
    const clock = base.now()
    return clock > scheduled ? clock : scheduled
  }
  // The webhooks that this run writes are collected and sent within the run's budget, not in the background.
  const written: string[] = []
  const deps: Deps = { ...base, now, deliverSoon: (ids) => void written.push(...ids) }

  const { run: started, isWorkAside, isRecovering } = await startRun(deps)
  if (isWorkAside) await guarded(deps, undefined, () => resumeOwnWork(deps))
  const budget = budgetsOf(deps, isRecovering ? LAST_STATEMENTS + 1 : LAST_STATEMENTS)
  let refunds: RefundReport = { done: 0, mayBeMore: false }
  async function runRefunds(within: Budget): Promise<void> {
    const none: RefundReport = { done: 0, mayBeMore: false }
    const { done, mayBeMore } = await guarded(deps, none, () => advanceDueRefunds(deps, within))
    refunds = { done: refunds.done + done, mayBeMore }
  }
  const runBill = (): Promise<string | undefined> =>
    guarded(deps, undefined, () => reconcileDueBill(deps, budget.query))

  // With the smallest budget, one refund leaves nothing for queries in the same run. So refunds come before
  // the queries only in every second run.
  const isRefundsTurn = now() % REFUNDS_TURN_S < MINUTE_S
  if (isRefundsTurn) await runRefunds(budget.refund)
  // Queries come before the bill, except in every fifth run:
  // a backlog of queries must not block the bill for long.
  const isBillsTurn = now() % BILLS_TURN_S < MINUTE_S
  const first = isBillsTurn ? await runBill() : undefined
  const queried = await queryDueOrders(deps, budget.query)
  const billed = isBillsTurn ? first : await runBill()
  let tried = await deliverDueWebhooks(deps, written.splice(0), budget.all)
  // Refunds, and the webhooks that they write, get what is left of the budget.
  if (!isRefundsTurn || refunds.mayBeMore) await runRefunds(budget.all)
  if (written.length > 0) tried += await deliverDueWebhooks(deps, written.splice(0), budget.all)
  // Old rows are deleted only in a run that leaves no due refund, because refunds are more urgent.
  const left = refunds.mayBeMore ? await countDueRefunds(deps) : 0
  if (left === 0) {
    await sweep(deps, budget.all.limit.statements + SWEEP_RESERVE - deps.used().statements)
  }

  const recovery = isRecovering ? await recoveryLeft(deps) : undefined
  const report: Report = {
    ...queried,
    refunds: refunds.done,
    refunds_left: left,
    ...(billed === undefined ? {} : { bill: billed }),
    told: tried,
    ...(recovery === undefined ? {} : { recovery }),
    ...deps.used(),
  }
  await finishRun(deps, started, report)
  const { recovery: _, ...figures } = report
  deps.log({ event: 'tick_finished', ...figures })
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
 * Divides a run's budget. When refunds come first, they may use their share.
 * Queries and bills then use what is left, except what is kept for webhooks.
 * Webhooks, and refunds a second time, may use all that is left at the end.
 */
function budgetsOf({ config, used }: Pick<Deps, 'config' | 'used'>, last: number) {
  const { calls, statements } = config.tick
  const share = Math.ceil(calls * SHARE)
  const all = new Budget(used, { calls, statements: statements - last })
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
