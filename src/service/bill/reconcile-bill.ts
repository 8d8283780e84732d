/**
 * The bill of one day: downloaded, compared with the books row by row, and what differs cleared up. Every
 * step is stored, so a day takes as many runs of the cron as it needs, and a crash costs one step.
 */
import type { Bill } from '../../core/bill/bill.ts'
import {
  collectedReview,
  type Difference,
  isQueryable,
  REVIEWS_MAX,
} from '../../core/bill/difference.ts'
import {
  isAvailable,
  lastBillDay,
  nextBillTryAt,
  nextDifferenceTryAt,
} from '../../core/bill/schedule.ts'
import type { BeijingDay } from '../../core/day.ts'
import { later, MINUTE_S } from '../../core/time.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import { Budget } from '../../ports/budget.ts'
import type { Deps } from '../../ports/deps.ts'
import type { DownloadBillReply } from '../../ports/wechat.ts'
import { COSTS } from '../costs.ts'
import { openReview } from '../open-review.ts'
import { compareBill } from './compare-bill.ts'
import { fetchBill, reportIfOverdue } from './fetch-bill.ts'
import { resolveDifference } from './resolve-difference.ts'

type ReconcileBillDeps = Pick<
  Deps,
  | 'archive'
  | 'bills'
  | 'config'
  | 'deliverSoon'
  | 'log'
  | 'now'
  | 'orders'
  | 'readBill'
  | 'refunds'
  | 'reviews'
  | 'used'
  | 'wechat'
>

/** How long a step takes at most: two origins that do not answer, and what is written then. */
const STEP_S = MINUTE_S
const DIFFERENCES_AT_ONCE = 200
const NO_END = 'its runs do not come to an end'
/** So often the archive may fail to give back a bill before it is downloaded once more. */
const ARCHIVE_TRIES_MAX = 3

export type ReconcileError = Readonly<
  { reason: 'bill_not_found' } | { reason: 'bill_not_ready'; lastError: string | undefined }
>

/** Reconciles a day now, as far as this request may go; the cron does the rest. */
export async function reconcileNow(
  deps: ReconcileBillDeps,
  day: BeijingDay,
): Promise<Result<Bill, ReconcileError>> {
  const now = deps.now()
  const { bills } = deps
  if (!isAvailable(day, now)) return err({ reason: 'bill_not_found' })
  // The days before it first, so that none of them is passed over.
  const last = lastBillDay(now)
  await bills.expect(last, now)
  // Too early by our clock. WeChat's decides, and no row is left of a question.
  const reply = day > last ? await deps.wechat.downloadBill(day) : undefined
  if (reply !== undefined && reply.kind !== 'bill') {
    return err({ reason: 'bill_not_ready', lastError: undefined })
  }
  const claimed = await bills.claimDay(day, now)
  if (claimed !== undefined) {
    // The request has no other calls to keep its own within.
    const budget = new Budget(deps.used, { ...deps.config.tick, calls: Infinity })
    const ended = await advanceBill(deps, claimed, budget, reply)
    // What was reconciled before stays so, and it is no news.
    if (ended?.state === 'reconciled' && ended.lastError !== undefined) {
      return err({ reason: 'bill_not_ready', lastError: ended.lastError })
    }
  }
  const bill = await bills.find(day)
  if (bill === undefined) return err({ reason: 'bill_not_found' })
  const { state, lastError } = bill
  return state === 'waiting' ? err({ reason: 'bill_not_ready', lastError }) : ok(bill)
}

/**
 * Takes a leased bill as far as the budget allows, and releases it.
 *
 * @param reply WeChat's answer to downloadbill, where it was fetched already.
 * @returns the bill as it is then; undefined when another run holds it now, and will release it.
 */
export async function advanceBill(
  deps: ReconcileBillDeps,
  claimed: Bill,
  budget: Budget,
  reply?: DownloadBillReply,
): Promise<Bill | undefined> {
  // Nobody may work on it when the lease has ended and somebody else has it.
  const end = later(claimed.leasedUntil ?? deps.now(), -STEP_S)
  const mayGoOn = (): boolean => budget.allows(COSTS.billStep) && deps.now() < end

  const fetched = needsDownload(claimed) ? await fetchBill(deps, claimed, reply) : { bill: claimed }
  let bill: Bill | undefined = staysReconciled(claimed, fetched.bill)
    ? { ...claimed, lastError: fetched.bill.lastError }
    : fetched.bill
  if (bill.state === 'comparing') bill = await compareBill(deps, claimed, fetched, mayGoOn)
  if (bill?.state === 'settling') bill = await resolveDifferences(deps, bill, mayGoOn)
  if (bill === undefined) return undefined

  const isFurther = bill.state !== claimed.state || bill.counts.rows !== claimed.counts.rows
  const after = { ...bill, tries: isFurther && bill.state !== 'waiting' ? 0 : bill.tries }
  await deps.bills.save(after, deps.now())
  const { day, state, lastError } = after
  const reason = lastError === undefined ? {} : { reason: lastError }
  deps.log({ event: 'bill_advanced', day, state, ...reason })
  if (state === 'reconciled') deps.deliverSoon([`bill.reconciled.${day}`])
  return after
}

/** A day that was reconciled is not given up for a bill that cannot be had now. */
const staysReconciled = (claimed: Bill, fetched: Bill): boolean =>
  claimed.state === 'reconciled' && fetched.state === 'waiting'

/** Where the archive does not give it back, a bill that is being compared is downloaded once more. */
function needsDownload({ state, bytes, parts, tries }: Bill): boolean {
  if (state === 'comparing') return bytes > 0 && (parts === 0 || tries > ARCHIVE_TRIES_MAX)
  return state !== 'settling'
}

/** Leases the bill that is due, the oldest day first. */
export async function claimDueBill(deps: ReconcileBillDeps): Promise<Bill | undefined> {
  const now = deps.now()
  await deps.bills.expect(lastBillDay(now), now)
  const bill = await deps.bills.claimDue(now)
  if (bill === undefined) return undefined
  // A run that died reported nothing, so the next one does. Differences take their time.
  if (bill.state !== 'settling') await reportIfOverdue(deps, bill, bill.lastError ?? NO_END)
  return bill
}

/** Gives back a bill that could not be worked on. */
export async function postponeBill(
  deps: ReconcileBillDeps,
  bill: Bill,
  reason: string,
): Promise<void> {
  await reportIfOverdue(deps, bill, reason)
  await deps.bills.postpone(bill, nextBillTryAt(bill.day, deps.now()), reason)
}

async function resolveDifferences(
  deps: ReconcileBillDeps,
  bill: Bill,
  mayGoOn: () => boolean,
): Promise<Bill> {
  const { day } = bill
  const { bills } = deps
  // Days take turns, so that one with very many differences keeps no other waiting.
  const goesOn: Bill = { ...bill, dueAt: deps.now() }
  if (!mayGoOn()) return goesOn
  for (const { kind, count } of await bills.manyDifferences(day, REVIEWS_MAX)) {
    if (isQueryable(kind)) continue
    if (!mayGoOn()) return goesOn
    await openReview(deps, collectedReview(day, kind, count))
    await bills.collectDifferences(day, kind)
  }
  const open = await bills.openDifferences(day, DIFFERENCES_AT_ONCE)
  const unanswered: Difference[] = []
  for (const difference of open) {
    if (!mayGoOn()) return goesOn
    if (!(await resolveDifference(deps, difference))) unanswered.push(difference)
  }
  if (unanswered.length > 0) {
    const tries = Math.min(...unanswered.map((each) => each.tries + 1))
    return { ...bill, dueAt: nextDifferenceTryAt(tries, deps.now()) }
  }
  if (open.length === DIFFERENCES_AT_ONCE) return goesOn
  const books = await bills.booksOn(day)
  if (await bills.noteUnexplained(bill, books)) return goesOn
  const counts = { ...bill.counts, books }
  const reconciledAt = deps.now()
  const done = { reconciledAt, counts, dueAt: undefined, lastError: undefined }
  return { ...bill, ...done, state: 'reconciled' }
}
