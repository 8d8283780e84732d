/**
 * One run of the cron. It works in rounds: in each round every class of due work gets a slice, the oldest items first,
 * until nothing is due or the budget or the time is used up. So no class can use up what another one needs. Every row
 * has its own due time, so an outage of any length leaves a backlog and loses nothing.
 */
import { formatRfc3339, fromMillis, later, MINUTE_S, type UnixSeconds } from '../core/time.ts'
import { Budget, type Cost } from '../ports/budget.ts'
import type { Deps } from '../ports/deps.ts'
import type { RecoveryLeft } from '../ports/recovery-store.ts'
import type { DueClass, OldestDue } from '../core/due.ts'
import { failureEntry } from '../ports/store.ts'
import { tellOperators } from '../service/run/tell-operators.ts'
import { ALERTS, SWEEP, withoutRare } from '../service/costs.ts'
import { resumeOwnWork } from '../service/other-merchants.ts'
import { recoveryLeft } from '../service/recovery/recover.ts'
import { reducedUntil, runBudget } from '../service/run/plan.ts'
import { finishRun, oldestDue, startRun, sweep } from '../service/run/runs.ts'
import { takeUpNewWebhooks } from '../service/webhook/due-webhooks.ts'
import { reconcileDueBill } from './due-bill.ts'
import { closeExpiredOrders, closeUntouchedOrders, queryDueAttempts } from './due-orders.ts'
import { advanceDueRefunds } from './due-refunds.ts'
import { deliverDueWebhooks } from './due-webhooks.ts'
import { type Figures, NOTHING_DUE, type Queue, type Slice } from './queue.ts'
import { inTurn, urgentFirst } from './turns.ts'
import { catchAndLog } from './work-pool.ts'

/** The part of what is left that one slice may use while other classes have due work. */
const SLICE_SHARE = 0.6
/** What a slice may use in any case, if it is left: enough for one item of any kind, or for two payments. */
const SLICE_MIN: Cost = { calls: 5, statements: 24 }
/** No slice begins later than this after the run's start, in seconds. By then the next run works beside this one. */
const RUN_S = 2 * MINUTE_S
/**
 * The number of statements at the end of a run: delete old rows, and store the report. While a recovery is under way, a
 * run deletes nothing, and counts what is left of the recovery instead.
 */
const LAST_STATEMENTS = SWEEP.statements + 1

/** How often a run with a small budget tells the operators' group, in minutes. */
const TELL_MINUTES = 5
const NOTHING: Cost = { calls: 0, statements: 0 }

type Report = Figures &
  Readonly<{
    bill?: string
    /** How long the oldest due work of each class had waited when the run began, in seconds; null where none was due. */
    oldest_due: Readonly<Record<DueClass, number | null>>
    /** Whether the run used the budget of the free plan, because the platform had refused more. */
    reduced?: true
    /** Whether WeChat accepted our key in this run; absent when WeChat answered nothing. */
    key?: 'accepted' | 'refused'
    /** What is left of the recovery that is under way. */
    recovery?: ReturnType<typeof recoveryJson>
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
  // The webhooks that this run writes are not sent in the background. They are due at once, and take their place.
  let hasWritten = false
  const deps: Deps = { ...base, now, deliverSoon: () => void (hasWritten = true) }

  const startedAt = now()
  const started = await startRun(deps)
  if (started.isWorkAside) await catchAndLog(deps, () => resumeOwnWork(deps))
  await catchAndLog(deps, () => takeUpNewWebhooks(deps))
  const oldest = await oldestDue(deps)
  const isReduced = started.crashed || started.reducedUntil !== undefined
  const limit = runBudget(deps.config.tick, isReduced)
  const telling = tellsNow(deps, isReduced, startedAt) ? ALERTS : NOTHING
  const budgetWithin = ({ calls, statements }: Cost): Budget =>
    new Budget(deps.used, {
      calls: calls - telling.calls,
      statements: statements - LAST_STATEMENTS - telling.statements,
    })
  const budgets = { exact: budgetWithin(limit), usual: budgetWithin(withoutRare(limit)) }

  const figures: Record<keyof Figures, number> = {
    due: 0,
    booked: 0,
    closed: 0,
    waiting: 0,
    unanswered: 0,
    failed: 0,
    left: 0,
    expired: 0,
    refunds: 0,
    told: 0,
  }
  let billed: string | undefined
  const queues = inTurn(
    queuesOf(deps, (day) => (billed = day)),
    startedAt,
    (of) => oldest[of] !== undefined,
  )
  const away = new Set<Queue['peer']>()
  let open = queues.filter((queue) => isWorthwhile(queue, oldest))
  let round: readonly Queue[] = open
  while (round.length > 0 && now() < later(startedAt, RUN_S) && !deps.isRefused()) {
    const more = open.filter((queue) => !round.includes(queue))
    for (const queue of round) {
      if (away.has(queue.peer)) continue
      const budget = budgets[queue.costs]
      const within = round.length === 1 ? budget : budget.part(SLICE_SHARE, SLICE_MIN)
      const slice = await guarded(deps, () => queue.slice(within))
      for (const name of namesOf(slice.did)) figures[name] += slice.did[name] ?? 0
      if (slice.away) away.add(queue.peer)
      if (slice.more) more.push(queue)
    }
    // What the round has written is due now.
    open = queues.filter((queue) => more.includes(queue) || (hasWritten && queue.peer === 'shop'))
    hasWritten = false
    round = urgentFirst(open)
  }
  if (telling !== NOTHING) await catchAndLog(deps, () => tellOperators(deps))
  // The statements of the sweep are kept for it. A recovery counts what is left of it with one of them.
  if (!started.isRecovering) await sweep(deps, limit.statements - 1 - deps.used().statements)

  const recovery = started.isRecovering ? await recoveryLeft(deps) : undefined
  const key = deps.keyHealth()
  const report: Report = {
    ...figures,
    ...(billed === undefined ? {} : { bill: billed }),
    oldest_due: agesOf(oldest, startedAt),
    ...(isReduced ? { reduced: true } : {}),
    ...(key === undefined ? {} : { key }),
    ...(recovery === undefined ? {} : { recovery: recoveryJson(recovery) }),
    ...deps.used(),
  }
  const reduced = started.crashed || deps.isRefused() ? reducedUntil(startedAt) : undefined
  await finishRun(deps, started.run, report, reduced)
  const { recovery: _, oldest_due: ages, ...flat } = report
  deps.log({
    event: 'tick_finished',
    ...flat,
    ...Object.fromEntries(
      Object.entries(ages).flatMap(([name, age]) =>
        age === null ? [] : [[`oldest_${name}`, age]],
      ),
    ),
  })
}

/** The kinds of due work. @param onBill Is called with the day of a bill that was worked on. */
const queuesOf = (deps: Deps, onBill: (day: string) => void): readonly Queue[] => [
  {
    class: 'payments',
    peer: 'wechat',
    costs: 'usual',
    slice: (budget) => queryDueAttempts(deps, budget),
  },
  {
    class: 'money',
    peer: 'shop',
    costs: 'exact',
    slice: (budget) => deliverDueWebhooks(deps, 'money', budget),
  },
  {
    class: 'money',
    peer: 'wechat',
    costs: 'exact',
    slice: (budget) => advanceDueRefunds(deps, budget),
  },
  {
    class: 'closing',
    peer: 'none',
    costs: 'exact',
    slice: (budget) => closeUntouchedOrders(deps, budget),
  },
  {
    class: 'closing',
    peer: 'wechat',
    costs: 'usual',
    slice: (budget) => closeExpiredOrders(deps, budget),
  },
  {
    class: 'news',
    peer: 'shop',
    costs: 'exact',
    slice: (budget) => deliverDueWebhooks(deps, 'news', budget),
  },
  {
    class: 'bills',
    peer: 'wechat',
    costs: 'usual',
    async slice(budget) {
      const day = await reconcileDueBill(deps, budget)
      if (day !== undefined) onBill(day)
      return NOTHING_DUE
    },
  },
]

/** Whether this run tells the operators' group. With the budget of the free plan, few runs do. */
const tellsNow = (
  { config, sendAlert }: Pick<Deps, 'config' | 'sendAlert'>,
  isReduced: boolean,
  at: UnixSeconds,
): boolean =>
  sendAlert !== undefined &&
  ((config.plan === 'paid' && !isReduced) || Math.floor(at / MINUTE_S) % TELL_MINUTES === 0)

const recoveryJson = ({ since, otherMerchants, ...left }: RecoveryLeft) => ({
  ...left,
  since: formatRfc3339(since),
  other_merchants: otherMerchants,
})

/**
 * Whether a run looks at a queue although it has written nothing yet. Refunds and bills are always looked at: a held
 * refund is told to a person, and a day's bill becomes due without a row.
 */
const isWorthwhile = (queue: Queue, oldest: OldestDue): boolean =>
  oldest[queue.class] !== undefined ||
  queue.class === 'bills' ||
  (queue.class === 'money' && queue.peer === 'wechat')

function agesOf(oldest: OldestDue, at: UnixSeconds): Report['oldest_due'] {
  const age = (since: UnixSeconds | undefined): number | null =>
    since === undefined ? null : at - since
  return {
    payments: age(oldest.payments),
    money: age(oldest.money),
    closing: age(oldest.closing),
    news: age(oldest.news),
    bills: age(oldest.bills),
  }
}

const namesOf = (did: Partial<Figures>): readonly (keyof Figures)[] =>
  Object.keys(did) as (keyof Figures)[]

/** An exception in one kind of work must not stop the others. */
async function guarded(deps: Pick<Deps, 'log'>, work: () => Promise<Slice>): Promise<Slice> {
  const done = await catchAndLog(deps, work)
  return done === 'failed' ? { ...NOTHING_DUE, did: { failed: 1 } } : done
}
