/**
 * One tick of the cron: takes what is due, asks WeChat, tells the shop, writes what came of it. Due
 * rows carry their own time, so an outage of any length leaves a backlog and loses nothing.
 */
import { DAY_S, fromMillis, later, MINUTE_S, type UnixSeconds } from '../core/time.ts'
import type { Deps, TickBudget } from '../service/ports.ts'
import { tellDue } from './tell-due.ts'
import { askDue, type AskReport } from './ask-due.ts'
import { orFailed } from './at-once.ts'
import { billDueBill } from './bill-due.ts'
import { refundDueRefunds } from './refund-due.ts'

/** Refunds, bills and webhooks get at least this share of the calls each, and what others leave over. */
const SHARE = 0.1
/** The last words of a tick: what is swept, and its report. */
const LAST_STATEMENTS = 3
const TELL_STATEMENTS = 10
/** The run's own record, and one refund, however small the budget is. */
const REFUND_STATEMENTS = 15
const REFUND_CALLS = 2
const BILLS_TURN_S = 5 * MINUTE_S
/** Runs and delivered webhooks are kept this long; a few go with each tick. */
const KEEP_S = 90 * DAY_S
const SWEEP_ROWS = 50

type Report = AskReport &
  Readonly<{ refunds: number; bill?: string; told: number; calls: number; statements: number }>

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
  const refunds = (within: TickBudget): Promise<number> =>
    guarded(deps, 0, () => refundDueRefunds(deps, within))
  const bill = (): Promise<string | undefined> =>
    guarded(deps, undefined, () => billDueBill(deps, limits.ask))

  const refundsFirst = await refunds(limits.refund)
  // Payments are asked about before bills are read; but a bill has its turn, however many they are.
  const isBillsTurn = now() % BILLS_TURN_S < MINUTE_S
  const first = isBillsTurn ? await bill() : undefined
  const asked = await askDue(deps, limits.ask)
  const billed = isBillsTurn ? first : await bill()
  const told = await tellDue(deps, written, limits.all)
  const more = refundsFirst > 0 ? await refunds(limits.all) : 0
  await deps.store.sweep(later(now(), -KEEP_S), SWEEP_ROWS)

  const report: Report = {
    ...asked,
    refunds: refundsFirst + more,
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
 * What may have been used in all when each part ends. Refunds come first, up to their share, so that what
 * they do not use flows on to the questions, and what those leave over to the webhooks and back.
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
