/**
 * Reconciles the bill of one day: downloads it, compares it with our records row by row, and resolves the
 * differences. Every step is stored, so a bill may take as many runs of the cron as it needs, and a crash
 * loses one step at most.
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

/**
 * How long one step takes at most, in seconds: two origins
 * of WeChat that do not answer, and the writes that follow.
 */
const STEP_S = MINUTE_S
/** How many open differences a run reads from the database at a time. */
const DIFFERENCES_AT_ONCE = 200
const NO_RUN_FINISHES = 'every run stops before it has finished this day'
/** The number of runs in which the archive may fail to return a bill before the bill is downloaded again. */
const ARCHIVE_TRIES_MAX = 3

/**
 * Why a day is not reconciled. `lastError` is the reason why the last try failed; undefined when it is too
 * early for the bill. `bill_busy`: another request reconciles the day, or stopped while it did.
 */
export type ReconcileError = Readonly<
  | { reason: 'bill_not_found' }
  | { reason: 'bill_not_ready'; lastError: string | undefined }
  | { reason: 'bill_busy' }
>

/**
 * Reconciles a day now, as far as the budget of one request allows; the cron continues the work.
 *
 * @returns the bill with its progress.
 */
export async function reconcileNow(
  deps: ReconcileBillDeps,
  day: BeijingDay,
): Promise<Result<Bill, ReconcileError>> {
  const now = deps.now()
  const { bills } = deps
  if (!isAvailable(day, now)) return err({ reason: 'bill_not_found' })
  // Earlier days that have no row get one first: once a later
  // day has a row, the cron would not add them any more.
  const last = lastBillDay(now)
  await bills.expect(last, now)
  // By our clock it is too early for this day's bill, but only WeChat knows whether the bill is made. If
  // WeChat has no bill, the day gets no row.
  const reply = day > last ? await deps.wechat.downloadBill(day) : undefined
  if (reply !== undefined && reply.kind !== 'bill') {
    return err({ reason: 'bill_not_ready', lastError: undefined })
  }
  const claimed = await bills.claimDay(day, now)
  if (claimed !== undefined) {
    // A request that reconciles makes no other outbound calls, so only its SQL statements are limited.
    const budget = new Budget(deps.used, { ...deps.config.tick, calls: Infinity })
    const ended = await advanceBill(deps, claimed, budget, reply)
    // The day stays reconciled by an earlier download, because the new one is not usable. The caller gets an
    // error.
    if (ended?.state === 'reconciled' && ended.lastError !== undefined) {
      return err({ reason: 'bill_not_ready', lastError: ended.lastError })
    }
  }
  const bill = await bills.find(day)
  if (bill === undefined) return err({ reason: 'bill_not_found' })
  // The holder of the lease may have stopped, and the cron continues no day that is not due. The report is of an
  // earlier reconciliation, so the caller must not take it for the result of this request.
  const isOld = bill.dueAt === undefined && bill.leasedUntil !== undefined
  if (claimed === undefined && isOld) return err({ reason: 'bill_busy' })
  const { state, lastError } = bill
  return state === 'waiting' ? err({ reason: 'bill_not_ready', lastError }) : ok(bill)
}

/**
 * Works on a leased bill as far as the budget allows, stores the progress, and ends the lease.
 *
 * @param reply WeChat's answer to downloadbill, if the caller has it already.
 * @returns the bill with its progress; undefined when another run holds the bill's lease now, and will end
 *   it.
 */
export async function advanceBill(
  deps: ReconcileBillDeps,
  claimed: Bill,
  budget: Budget,
  reply?: DownloadBillReply,
): Promise<Bill | undefined> {
  // The last step must be over before the lease ends, because
  // another run may claim the bill when the lease has ended.
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

/** Whether a day that was reconciled stays reconciled, because a new download of its bill failed. */
const staysReconciled = (claimed: Bill, fetched: Bill): boolean =>
  claimed.state === 'reconciled' && fetched.state === 'waiting'

/**
 * Whether a bill must be downloaded. A bill that is being compared is read from the archive, and is only
 * downloaded again if the archive fails to return it.
 */
function needsDownload({ state, bytes, parts, tries }: Bill): boolean {
  if (state === 'comparing') return bytes > 0 && (parts === 0 || tries > ARCHIVE_TRIES_MAX)
  return state !== 'settling'
}

/**
 * Adds a row for each day that is newly due or was missed, and leases the bill that has been due the longest.
 */
export async function claimDueBill(deps: ReconcileBillDeps): Promise<Bill | undefined> {
  const now = deps.now()
  await deps.bills.expect(lastBillDay(now), now)
  const bill = await deps.bills.claimDue(now)
  if (bill === undefined) return undefined
  // A run that crashed could not report an overdue bill, so the next run reports it. A bill whose differences
  // are being resolved is not overdue: WeChat's answers may take days.
  if (bill.state !== 'settling')
    await reportIfOverdue(deps, bill, bill.lastError ?? NO_RUN_FINISHES)
  return bill
}

/**
 * Ends the lease of a bill whose work failed, and sets when the bill is due again.
 *
 * @param reason The error, which the report shows as `last_error`.
 */
export async function postponeBill(
  deps: ReconcileBillDeps,
  bill: Bill,
  reason: string,
): Promise<void> {
  // What failed may have been stored nevertheless, because D1's answer can get lost. Then there is nothing to report.
  const isPostponed = await deps.bills.postpone(bill, nextBillTryAt(bill.day, deps.now()), reason)
  if (isPostponed) await reportIfOverdue(deps, bill, reason)
}

async function resolveDifferences(
  deps: ReconcileBillDeps,
  bill: Bill,
  mayGoOn: () => boolean,
): Promise<Bill> {
  const { day } = bill
  const { bills } = deps
  // If the budget ends, the bill goes behind all other due bills: a day with very many differences must not
  // block the other days.
  const goesOn: Bill = { ...bill, dueAt: deps.now() }
  if (!mayGoOn()) return goesOn
  let open = await bills.openDifferences(day, DIFFERENCES_AT_ONCE)
  if (open.length >= REVIEWS_MAX) {
    if (!(await collectMany(deps, bill, mayGoOn))) return goesOn
    open = await bills.openDifferences(day, DIFFERENCES_AT_ONCE)
  }
  const unanswered: Difference[] = []
  for (const difference of open) {
    if (!mayGoOn()) return goesOn
    if (!(await resolveDifference(deps, bill, difference))) unanswered.push(difference)
  }
  if (unanswered.length > 0) {
    const tries = Math.min(...unanswered.map((each) => each.tries + 1))
    return { ...bill, dueAt: nextDifferenceTryAt(tries, deps.now()) }
  }
  if (open.length === DIFFERENCES_AT_ONCE) return goesOn
  const books = await bills.booksOn(day)
  // The sums must add up, also when differences were found. If they do not, that is one more difference.
  if (await bills.noteUnexplained(bill, books.marked)) return goesOn
  const counts = { ...bill.counts, books: books.all }
  const reconciledAt = deps.now()
  const done = { reconciledAt, counts, dueAt: undefined, lastError: undefined }
  return { ...bill, ...done, state: 'reconciled' }
}

/**
 * Opens one review for all open differences of a kind, if they are very many and no query can resolve them.
 *
 * @returns false when `mayGoOn` ended it before the last kind.
 */
async function collectMany(
  deps: ReconcileBillDeps,
  bill: Bill,
  mayGoOn: () => boolean,
): Promise<boolean> {
  for (const { kind, count } of await deps.bills.manyDifferences(bill.day, REVIEWS_MAX)) {
    if (isQueryable(kind)) continue
    if (!mayGoOn()) return false
    await openReview(deps, collectedReview(bill.day, kind, count))
    await deps.bills.collectDifferences(bill, kind)
  }
  return true
}
