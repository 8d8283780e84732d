/**
 * One tick of the cron: takes what is due, asks WeChat, tells the shop, writes what came of it. Due
 * rows carry their own time, so an outage of any length leaves a backlog and loses nothing.
 */
import { DAY_S, fromMillis, later, MINUTE_S, type UnixSeconds } from '../core/time.ts'
import type { Deps, TickBudget } from '../ports/deps.ts'
import { billDueBill } from './due-bill.ts'
import { askDue, type AskReport } from './due-orders.ts'
import { refundDueRefunds, type RefundReport } from './due-refunds.ts'
import { tellDue } from './due-webhooks.ts'
import { orFailed } from './work-pool.ts'

/** Refunds, bills and webhooks get at least this share of the calls each, and what others leave over. */
const SHARE = 0.1
/** The last words of a tick: what is left or what is swept, and its report. */
const LAST_STATEMENTS = 3
const TELL_STATEMENTS = 10
/** The run's own record, and one refund, however small the budget is. */
const REFUND_STATEMENTS = 16
const REFUND_CALLS = 2
const REFUNDS_TURN_S = 2 * MINUTE_S
const BILLS_TURN_S = 5 * MINUTE_S
/** Runs and delivered webhooks are kept this long; a few go with each tick. */
const KEEP_S = 90 * DAY_S
const SWEEP_ROWS = 50

type Report = AskReport &
  Readonly<{
    refunds: number
    /** Due, but beyond this tick's budget. */
    refunds_left: number
    bill?: string
    told: number
    calls: number
    statements: number
  }>

/** @param scheduledMs When the platform meant to call. A test moves time with it. */
export async function tick(base: Deps, scheduledMs: number): Promise<void> {
  const scheduled = fromMillis(scheduledMs)
  const now = (): UnixSeconds => {
    const clock = base.now()
    return clock > scheduled ? clock : scheduled
  }
  // What this run books is told within its own budget, not beside it.
  const written: string[] = []
  const deps: Deps = { ...base, now, announce: (ids) => void written.push(...ids) }

  const run = await deps.store.startRun(now())
  const limits = limitsOf(deps.config.tick)
  let refunds: RefundReport = { done: 0, mayBeMore: false }
  async function runRefunds(within: TickBudget): Promise<void> {
    const none: RefundReport = { done: 0, mayBeMore: false }
    const { done, mayBeMore } = await guarded(deps, none, () => refundDueRefunds(deps, within))
    refunds = { done: refunds.done + done, mayBeMore }
  }
  const bill = (): Promise<string | undefined> =>
    guarded(deps, undefined, () => billDueBill(deps, limits.ask))

  // On the smallest budget one refund leaves nothing for the questions of a run, so they take turns.
  const isRefundsTurn = now() % REFUNDS_TURN_S < MINUTE_S
  if (isRefundsTurn) await runRefunds(limits.refund)
  // Payments are asked about before bills are read; but a bill has its turn, however many they are.
  const isBillsTurn = now() % BILLS_TURN_S < MINUTE_S
  const first = isBillsTurn ? await bill() : undefined
  const asked = await askDue(deps, limits.ask)
  const billed = isBillsTurn ? first : await bill()
  let told = await tellDue(deps, written.splice(0), limits.all)
  // What is left of the budget is theirs, and that of whoever is to hear of them.
  if (!isRefundsTurn || refunds.mayBeMore) await runRefunds(limits.all)
  if (written.length > 0) told += await tellDue(deps, written.splice(0), limits.all)
  // With a backlog, what is old may wait.
  const left = refunds.mayBeMore ? await deps.store.countDueRefunds(now()) : 0
  if (left === 0) await deps.store.sweep(later(now(), -KEEP_S), SWEEP_ROWS)

  const report: Report = {
    ...asked,
    refunds: refunds.done,
    refunds_left: left,
    ...(billed === undefined ? {} : { bill: billed }),
    told,
    calls: deps.callsUsed(),
    statements: deps.store.statementsUsed(),
  }
  await deps.store.finishRun(run, now(), JSON.stringify(report))
  deps.log({ event: 'tick_finished', ...report })
}

/** Refunds and bills must not keep payments from being asked about, nor the shop from being told. */
async function guarded<T>(deps: Deps, nothing: T, work: () => Promise<T>): Promise<T> {
  const done = await orFailed(deps, work)
  return done === 'failed' ? nothing : done
}

/**
 * What may have been used in all when each part ends. In their turn refunds come first, up to their share, so
 * that what they do not use flows on to the questions, and what those leave over to the webhooks and back.
 */
function limitsOf({ calls, statements }: TickBudget) {
  const share = Math.ceil(calls * SHARE)
  const all = { calls, statements: statements - LAST_STATEMENTS }
  return {
    refund: { calls: Math.max(share, REFUND_CALLS), statements: REFUND_STATEMENTS },
    ask: { calls: calls - share, statements: all.statements - TELL_STATEMENTS },
    all,
  }
}
