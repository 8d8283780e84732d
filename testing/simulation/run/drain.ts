/** The last phase of a seed: faults stop, and the cron runs until no work is due. */
import { giveUpMistakenNumber, MISTAKEN_MCH_ID } from '../actors/reconfigurer.ts'
import { refundOpenReviews } from '../actors/operator.ts'
import { deliverDue } from '../faults/notice-delivery.ts'
import { acceptLostPayments, finishRecovery } from '../drain/after-restores.ts'
import { billTimeOf, DAY_MS, dayOf, startOf } from './days.ts'
import { nextDueMs } from '../drain/due.ts'
import { playExtraRounds } from './extra-rounds.ts'
import { planLateRaces } from '../drain/late-races.ts'
import { finish } from './play.ts'
import { reconcileAgain } from './reconcile-again.ts'
import type { World } from './world.ts'

const MINUTE_MS = 60_000
/** In how many minutes each class of due work comes first in a run of the cron at least once. */
const TURNS_MINUTES = 10
/**
 * The maximum number of cron rounds of one drain: far more than expiry, the schedule of queries and the last query 24 hours
 * after closing need. The longest work are fifty refunds of a payment that a restore lost: each is tried thirty times before it is
 * reviewed, and with the smallest budget a run takes one of them, and every other run none.
 */
const ROUNDS_MAX = 4_000
/**
 * How long the drain waits at the end before its last round, in milliseconds: longer than any row can still wait to become
 * due.
 */
const REST_MS = 26 * 60 * MINUTE_MS
/**
 * Five minutes in milliseconds. A refund that WeChat accepts in the last five minutes of a day may be reconciled with the bill
 * of the next day, so the drain waits for the next day's bill, too.
 */
const MIDNIGHT_MS = 5 * MINUTE_MS

/**
 * Stops the faults and runs the cron until no work is due.
 *
 * @returns false when work is still due after {@link ROUNDS_MAX} rounds.
 */
export async function drain(world: World): Promise<boolean> {
  const { faults, wechat, scheduler, workers, chance, mail, trace, bills } = world
  trace.add('drain', 'no more faults')
  mail.isOver = true
  faults.stop()
  wechat.faults.clear()
  if (!world.restores.isRecovering) workers.deploy({ REFUNDS: 'on' })
  workers.retireOld()
  wechat.platform.setBalance(Infinity)
  wechat.platform.releaseRefunds()
  for (const day of bills.delayed) wechat.bills.clearChanges(day.replaceAll('-', ''))
  await scheduler.run(() => false)
  completeStuckRefunds(world)
  await finishRecovery(world)
  await settleMistakenNumber(world)
  await finish(world, playExtraRounds(world))

  // In half of the seeds no more notices are sent: the cron alone must find everything.
  const withNotices = chance('healing').happens(0.5)
  const lateRaces = planLateRaces(world)
  const round = async (): Promise<void> => {
    lateRaces.run()
    if (withNotices) await deliverDue(world)
    await workers.cron()
  }
  /** Runs the cron until no row is due. @returns false when a row is still due after {@link ROUNDS_MAX} rounds. */
  const playUntilIdle = async (): Promise<boolean> => {
    for (let rounds = 0; rounds < ROUNDS_MAX; rounds++) {
      await finish(world, round())
      const dueMs = nextDueMs(world, withNotices)
      const raceMs = lateRaces.nextMs()
      if (dueMs === undefined && raceMs === undefined) return true
      const nextMs = Math.min(dueMs ?? Infinity, raceMs ?? Infinity)
      // Runs of the cron before `nextMs` would find nothing due, so the clock skips that time.
      const inMinutes = Math.max(1, Math.ceil((nextMs - scheduler.now()) / MINUTE_MS))
      scheduler.leap(inMinutes * MINUTE_MS)
    }
    return false
  }
  /**
   * Runs the cron every minute until each class of work has come first once. With a small budget, the work that is due
   * at the same minute of every day could otherwise use up every run that the drain plays.
   */
  const playTurns = async (): Promise<void> => {
    for (let minute = 0; minute < TURNS_MINUTES && nextBillMs(world) !== undefined; minute++) {
      await finish(world, round())
      scheduler.leap(MINUTE_MS)
    }
  }

  if (!(await playUntilIdle())) return false
  if (chance('decision').happens(0.4)) {
    await finish(world, refundOpenReviews(world))
    if (!(await playUntilIdle())) return false
  }
  for (let waits = 0; ; waits++) {
    const nextMs = nextBillMs(world)
    if (nextMs === undefined) break
    if (waits >= ROUNDS_MAX) return false
    scheduler.leap(Math.max(0, nextMs - scheduler.now()))
    await playTurns()
    if (!(await playUntilIdle())) return false
  }
  await acceptLostPayments(world, playUntilIdle)
  if (chance('audit').happens(0.3)) await reconcileAgain(world, playUntilIdle)
  scheduler.leap(REST_MS)
  return playUntilIdle()
}

/** The longest wait until the cron meets a row on its schedule and sets it aside, in minutes. */
const MEETING_MINUTES = 70

/** Lets the cron meet the attempts that were opened under a mistaken merchant number, until the operator has given it up. */
async function settleMistakenNumber(world: World): Promise<void> {
  const { scheduler, sqlite, workers } = world
  const isOpen = () =>
    sqlite.read(
      `SELECT 1 FROM attempts WHERE mch_id = ?1 AND state IN ('open', 'closing')
         AND NOT EXISTS (SELECT 1 FROM other_merchants WHERE mch_id = ?1 AND given_up_at IS NOT NULL)`,
      MISTAKEN_MCH_ID,
    ).length > 0
  for (let minutes = 0; isOpen() && minutes < MEETING_MINUTES; minutes++) {
    await finish(world, workers.cron())
    await finish(world, giveUpMistakenNumber(world))
    scheduler.leap(MINUTE_MS)
  }
}

/** Most refunds that are stuck (CHANGE) succeed now, as after a transfer by the merchant. Some stay stuck forever. */
function completeStuckRefunds({ wechat, chance, faults }: World): void {
  const outcomes = chance('mending')
  for (const { outRefundNo, status } of wechat.books.refunds()) {
    if (status !== 'CHANGE') continue
    if (outcomes.happens(0.6)) wechat.platform.settleRefund(outRefundNo, 'SUCCESS')
    else faults.count('situation:abnormal_refund_stays')
  }
}

/** When the cron will find the next bill; undefined when every day with payments or refunds has one. */
function nextBillMs({ wechat, sqlite, scheduler, bills, leaks }: World): number | undefined {
  const accepted = sqlite.read('SELECT max(accepted_at) AS at FROM refunds')[0]?.['at']
  const paid = sqlite.read('SELECT max(paid_at) AS at FROM payments')[0]?.['at']
  const lastMs = Math.max(
    typeof paid === 'number' ? paid * 1_000 : 0,
    ...wechat.books.captures().map(({ paidAt }) => paidAt),
    ...wechat.books.refunds().map(({ appliedAt }) => appliedAt),
    ...bills.late.map(({ day }) => startOf(day)),
    typeof accepted === 'number' ? accepted * 1_000 + MIDNIGHT_MS : 0,
  )
  const lastDay = dayOf(lastMs)
  if (lastMs <= 0 || isBilled(sqlite, lastDay)) return undefined
  const nextMs = billTimeOf(lastDay)
  // The endless work of a forged notice can use up the budget of a run, so that the bill is looked for in a later one.
  if (leaks.orders.size > 0 && scheduler.now() >= nextMs) {
    return scheduler.now() + 10 * MINUTE_MS - (scheduler.now() % (10 * MINUTE_MS))
  }
  // When the cron's time for the bill has already passed, the cron is expected to find the bill at 10:10 on the next day.
  const lateDays = Math.max(0, Math.ceil((scheduler.now() - nextMs) / DAY_MS))
  return nextMs + lateDays * DAY_MS
}

const isBilled = (sqlite: World['sqlite'], day: string): boolean =>
  sqlite.read('SELECT 1 FROM bills WHERE day = ?', day).length > 0
