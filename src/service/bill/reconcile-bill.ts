/**
 * The bill of one day: downloaded, compared with the books row by row, and what differs cleared up. Every
 * step is stored, so a day takes as many runs of the cron as it needs, and a crash costs one step.
 */
import { type Bill, NO_COUNTS } from '../../core/bill/bill.ts'
import {
  collectedReview,
  type Difference,
  isAskedAbout,
  REVIEWS_MAX,
} from '../../core/bill/difference.ts'
import { isKept, lastBillDay, nextBillTry, nextDifferenceTry } from '../../core/bill/schedule.ts'
import type { BeijingDay } from '../../core/day.ts'
import { later, MINUTE_S } from '../../core/time.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import type { BillEnd, BillSums } from '../../ports/bill-reader.ts'
import type { Deps } from '../../ports/deps.ts'
import type { DownloadBillReply } from '../../ports/wechat.ts'
import { openReview } from '../open-review.ts'
import { fetchBill, type Fetched, notNow, tellIfOverdue } from './fetch-bill.ts'
import { settleDifference } from './resolve-difference.ts'

/** What one step costs at the most: a page of rows, or a difference that is asked about and booked. */
export const BILL_STEP = { calls: 2, statements: 18 }
/** And how long it takes: two origins that do not answer, and what is written then. */
const STEP_S = MINUTE_S
/** A page is one parameter of SQL, which may have 2 MB; a row has about 100 bytes. */
const PAGE_ROWS = 5_000
const DIFFERENCES_AT_ONCE = 200
/** So often the archive may fail to give back a bill before it is downloaded once more. */
const ARCHIVE_TRIES_MAX = 3

export type ReconcileError = Readonly<
  { reason: 'bill_not_found' } | { reason: 'bill_not_ready'; lastError: string | undefined }
>

/** Reconciles a day now, as far as this request may go; the cron does the rest. */
export async function reconcileNow(
  deps: Deps,
  day: BeijingDay,
): Promise<Result<Bill, ReconcileError>> {
  const now = deps.now()
  const { bills } = deps.store
  if (!isKept(day, now)) return err({ reason: 'bill_not_found' })
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
    const { statements } = deps.config.tick
    const ended = await advanceBill(
      deps,
      claimed,
      () => deps.store.statementsUsed() + BILL_STEP.statements <= statements,
      reply,
    )
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
 * Takes a bill that somebody has as far as it is affordable, and gives it back.
 *
 * @param affordable Whether one more step may be made.
 * @param reply WeChat's, where it was asked already.
 * @returns as it is then; undefined when somebody else was quicker, and gives it back.
 */
export async function advanceBill(
  deps: Deps,
  claimed: Bill,
  affordable: () => boolean,
  reply?: DownloadBillReply,
): Promise<Bill | undefined> {
  // Nobody may work on it when the lease has ended and somebody else has it.
  const end = later(claimed.leasedUntil ?? deps.now(), -STEP_S)
  const maySpend = (): boolean => affordable() && deps.now() < end

  const fetched = needsDownload(claimed) ? await fetchBill(deps, claimed, reply) : { bill: claimed }
  let bill: Bill | undefined = isKeptAsItWas(claimed, fetched.bill)
    ? { ...claimed, lastError: fetched.bill.lastError }
    : fetched.bill
  if (bill.state === 'comparing') bill = await compare(deps, claimed, fetched, maySpend)
  if (bill?.state === 'settling') bill = await settle(deps, bill, maySpend)
  if (bill === undefined) return undefined

  const isFurther = bill.state !== claimed.state || bill.counts.rows !== claimed.counts.rows
  const after = { ...bill, tries: isFurther && bill.state !== 'waiting' ? 0 : bill.tries }
  await deps.store.bills.save(after, deps.now())
  const { day, state, lastError } = after
  const reason = lastError === undefined ? {} : { reason: lastError }
  deps.log({ event: 'bill_advanced', day, state, ...reason })
  if (state === 'reconciled') deps.announce([`bill.reconciled.${day}`])
  return after
}

/** A day that was reconciled is not given up for a bill that cannot be had now. */
const isKeptAsItWas = (claimed: Bill, fetched: Bill): boolean =>
  claimed.state === 'reconciled' && fetched.state === 'waiting'

/** Where the archive does not give it back, a bill that is being compared is downloaded once more. */
function needsDownload({ state, bytes, parts, tries }: Bill): boolean {
  if (state === 'comparing') return bytes > 0 && (parts === 0 || tries > ARCHIVE_TRIES_MAX)
  return state !== 'settling'
}

/** Gives back a bill that could not be worked on. */
export async function postponeBill(deps: Deps, bill: Bill, reason: string): Promise<void> {
  await tellIfOverdue(deps, bill, reason)
  await deps.store.bills.postpone(bill, nextBillTry(bill.day, deps.now()), reason)
}

async function compare(
  deps: Deps,
  claimed: Bill,
  { bill, raw }: Fetched,
  affordable: () => boolean,
): Promise<Bill | undefined> {
  if (raw !== undefined) {
    if (claimed.state === 'reconciled' && !(await isWhole(deps, raw))) {
      await forget(deps, bill)
      return { ...claimed, lastError: 'not whole' }
    }
    // A step of its own, so that a crash while comparing finds the bill in the archive.
    if (!(await deps.store.bills.begin(bill))) return undefined
    if (claimed.parts > 0 && claimed.fetchedAt !== bill.fetchedAt) await forget(deps, claimed)
  }
  if (bill.bytes === 0) return deps.store.bills.finishComparing(bill, [])

  const archive = raw === undefined ? deps.archive?.open(bill) : undefined
  const stream = raw === undefined ? archive?.stream : streamOf(raw)
  if (stream === undefined) return { ...bill, parts: 0 }
  const pages = deps.readBill(stream, { pageRows: PAGE_ROWS, afterRow: bill.counts.rows })
  let current = bill
  for (;;) {
    const page = await pages.next()
    if (page.done === true) {
      const end = page.value
      if (end.whole) return deps.store.bills.finishComparing(current, differingSums(current, end))
      if (archive?.isBroken() === true) {
        return { ...current, dueAt: later(deps.now(), MINUTE_S), lastError: 'not in the archive' }
      }
      // A layout that we do not know is worth a person's look; what breaks off is not.
      const isWorthALook = end.reason === 'unknown_layout'
      if (!isWorthALook) await forget(deps, current)
      const parts = isWorthALook ? current.parts : 0
      return notNow(deps, { ...current, parts, bytes: 0, counts: NO_COUNTS }, end.reason)
    }
    if (!affordable()) {
      await pages.return({ whole: false, reason: 'cut_off' })
      return current
    }
    const { appid } = deps.config
    const compared = await deps.store.bills.comparePage(current, appid, page.value.rows)
    if (compared === undefined) return undefined
    current = compared
  }
}

/** Read to its end, before anything that is known is given up for it. */
async function isWhole(deps: Deps, raw: readonly Uint8Array[]): Promise<boolean> {
  if (raw.length === 0) return true
  const pages = deps.readBill(streamOf(raw), { pageRows: PAGE_ROWS, afterRow: Infinity })
  const { done, value } = await pages.next()
  return done === true && value.whole
}

/** What is left over in the archive costs a little, and does no harm. */
async function forget({ archive }: Deps, bill: Bill): Promise<void> {
  await archive?.drop(bill).catch(() => undefined)
}

/** As the report has them. */
const SUM_NAMES = {
  rows: 'rows',
  payments: 'payments',
  refunds: 'refunds',
  totalFee: 'total_fee',
  settlementTotalFee: 'settlement_total_fee',
  refundFee: 'refund_fee',
  settlementRefundFee: 'settlement_refund_fee',
  serviceFee: 'service_fee_millifen',
} as const satisfies Record<keyof BillSums, string>

/** WeChat's last line against the sums of its own rows. */
const differingSums = (
  { day }: Bill,
  end: Extract<BillEnd, { whole: true }>,
): readonly Difference[] =>
  end.differing.map((name) => ({
    day,
    kind: 'sum_differs',
    subject: SUM_NAMES[name],
    ordercode: undefined,
    bill: { stated: end.stated[name] ?? 0, rows: end.read[name] ?? 0 },
    books: undefined,
    outcome: undefined,
    tries: 0,
  }))

async function settle(deps: Deps, bill: Bill, affordable: () => boolean): Promise<Bill> {
  const { day } = bill
  const { bills } = deps.store
  // Days take turns, so that one with very many differences keeps no other waiting.
  const goesOn: Bill = { ...bill, dueAt: deps.now() }
  if (!affordable()) return goesOn
  for (const { kind, count } of await bills.manyDifferences(day, REVIEWS_MAX)) {
    if (isAskedAbout(kind)) continue
    if (!affordable()) return goesOn
    await openReview(deps, collectedReview(day, kind, count))
    await bills.collectDifferences(day, kind)
  }
  const open = await bills.openDifferences(day, DIFFERENCES_AT_ONCE)
  const unanswered: Difference[] = []
  for (const difference of open) {
    if (!affordable()) return goesOn
    if (!(await settleDifference(deps, difference))) unanswered.push(difference)
  }
  if (unanswered.length > 0) {
    const tries = Math.min(...unanswered.map((each) => each.tries + 1))
    return { ...bill, dueAt: nextDifferenceTry(tries, deps.now()) }
  }
  if (open.length === DIFFERENCES_AT_ONCE) return goesOn
  const books = await bills.booksOn(day)
  if (await bills.noteUnexplained(bill, books)) return goesOn
  const counts = { ...bill.counts, books }
  const reconciledAt = deps.now()
  const done = { reconciledAt, counts, dueAt: undefined, lastError: undefined }
  return { ...bill, ...done, state: 'reconciled' }
}

function streamOf(chunks: readonly Uint8Array[]): ReadableStream<Uint8Array> {
  let next = 0
  return new ReadableStream({
    pull(controller) {
      const chunk = chunks[next++]
      if (chunk === undefined) controller.close()
      else controller.enqueue(chunk)
    },
  })
}
