/**
 * The bill of one day: downloaded, compared with the books row by row, and what differs cleared up. Every
 * step is stored, so a day takes as many runs of the cron as it needs, and a crash costs one step.
 */
import {
  collectedReview,
  isAskedAbout,
  isKept,
  isOverdue,
  lastBillDay,
  missingBillReview,
  nextBillTry,
  type Difference,
} from '../core/bill.ts'
import type { BeijingDay } from '../core/day.ts'
import { err, ok, type Result } from '../core/result.ts'
import { later, MINUTE_S } from '../core/time.ts'
import type { Bill, BillEnd } from './bill-port.ts'
import { fetchBill, waiting, type Fetched } from './fetch-bill.ts'
import { openReview } from './open-review.ts'
import type { Deps } from './ports.ts'
import { settleDifference } from './settle-difference.ts'

/** What one step costs at the most: a page of rows, or a difference that is asked about and booked. */
export const BILL_STEP = { calls: 2, statements: 18 }
/** A page is one parameter of SQL, which may have 2 MB; a row has about 100 bytes. */
const PAGE_ROWS = 5_000
const DIFFERENCES_AT_ONCE = 20
/** From here on one review stands for all of a kind: nobody reads more than these. */
const REVIEWS_MAX = 100

export type ReconcileError = Readonly<{ reason: 'bill_not_found' | 'bill_not_ready' }>

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
  if (day > last) {
    // Too early by our clock. WeChat's decides, and no row is left of a question.
    const reply = await deps.wechat.downloadBill(day)
    if (reply.kind !== 'bill') return err({ reason: 'bill_not_ready' })
  }
  const claimed = await bills.claimAnew(day, now)
  if (claimed !== undefined) {
    const fetched = await fetchBill(deps, claimed)
    // What was reconciled before stays so, until there is something newer.
    if (fetched.bill.state === 'waiting' && claimed.state === 'reconciled') {
      await bills.save({ ...claimed, lastError: fetched.bill.lastError }, now)
      return err({ reason: 'bill_not_ready' })
    }
    const { statements } = deps.config.tick
    await goOn(
      deps,
      fetched,
      () => deps.store.statementsUsed() + BILL_STEP.statements <= statements,
    )
  }
  const bill = await bills.find(day)
  if (bill === undefined) return err({ reason: 'bill_not_found' })
  return bill.state === 'waiting' ? err({ reason: 'bill_not_ready' }) : ok(bill)
}

/**
 * Takes a bill that is due as far as it is affordable, and gives it back.
 *
 * @param affordable Whether one more step may be made.
 */
export async function advanceBill(
  deps: Deps,
  bill: Bill,
  affordable: () => boolean,
): Promise<void> {
  const fetched = bill.state === 'waiting' ? await fetchBill(deps, bill) : { bill }
  await goOn(deps, fetched, affordable)
}

/** Gives back a bill that could not be worked on. */
export async function postponeBill(deps: Deps, { day }: Bill, reason: string): Promise<void> {
  const now = deps.now()
  if (isOverdue(day, now)) await openReview(deps, missingBillReview(day, reason))
  await deps.store.bills.postpone(day, nextBillTry(day, now), reason)
}

async function goOn(deps: Deps, { bill, raw }: Fetched, affordable: () => boolean): Promise<void> {
  let current: Bill | undefined = bill
  if (current.state === 'comparing') current = await compare(deps, current, raw, affordable)
  if (current?.state === 'settling') current = await settle(deps, current, affordable)
  // Somebody else was quicker, and gives it back.
  if (current === undefined) return
  await deps.store.bills.save(current, deps.now())
  const { day, state, lastError } = current
  const reason = lastError === undefined ? {} : { reason: lastError }
  deps.log({ event: 'bill_advanced', day, state, ...reason })
  if (state === 'reconciled') deps.announce([`bill.reconciled.${day}`])
}

async function compare(
  deps: Deps,
  bill: Bill,
  raw: readonly Uint8Array[] | undefined,
  affordable: () => boolean,
): Promise<Bill | undefined> {
  // A step of its own from here on, so that a crash while comparing finds the bill in the archive.
  if (raw !== undefined) await deps.store.bills.begin(bill)
  if (bill.bytes === 0) return finish(deps, bill, [])
  const stream = raw === undefined ? fromArchive(deps, bill) : streamOf(raw)
  if (stream === undefined) return waiting(deps, bill, 'not in the archive')
  const pages = deps.readBill(stream, { pageRows: PAGE_ROWS, afterRow: bill.counts.rows })
  let current = bill
  for (;;) {
    const page = await pages.next()
    if (page.done === true) {
      const end = page.value
      if (end.whole) return finish(deps, current, differingSums(current, end))
      await deps.archive?.drop(bill).catch(() => undefined)
      return waiting(deps, { ...current, parts: 0 }, end.reason)
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

const fromArchive = ({ archive }: Deps, bill: Bill): ReadableStream<Uint8Array> | undefined =>
  bill.parts === 0 ? undefined : archive?.open(bill)

const finish = (deps: Deps, bill: Bill, sums: readonly Difference[]): Promise<Bill | undefined> =>
  deps.store.bills.finishComparing(bill, sums)

/** WeChat's last line against the sums of its own rows. */
const differingSums = (
  { day }: Bill,
  end: Extract<BillEnd, { whole: true }>,
): readonly Difference[] =>
  end.differing.map((name) => ({
    day,
    kind: 'sum_differs',
    subject: name,
    ordercode: undefined,
    bill: { stated: end.stated[name] ?? 0, rows: end.read[name] ?? 0 },
    books: undefined,
    outcome: undefined,
    tries: 0,
  }))

async function settle(deps: Deps, bill: Bill, affordable: () => boolean): Promise<Bill> {
  const { day } = bill
  for (const { kind, count } of await deps.store.bills.manyDifferences(day, REVIEWS_MAX)) {
    if (isAskedAbout(kind)) continue
    await openReview(deps, collectedReview(day, kind, count))
    await deps.store.bills.collectDifferences(day, kind)
  }
  const open = await deps.store.bills.openDifferences(day, DIFFERENCES_AT_ONCE)
  let settled = 0
  for (const difference of open) {
    if (!affordable()) return bill
    if (await settleDifference(deps, difference)) settled++
  }
  if (open.length > settled) return { ...bill, dueAt: later(deps.now(), MINUTE_S) }
  if (open.length === DIFFERENCES_AT_ONCE) return bill
  const books = await deps.store.bills.booksOn(day)
  const counts = { ...bill.counts, books }
  const reconciledAt = deps.now()
  return {
    ...bill,
    state: 'reconciled',
    dueAt: undefined,
    reconciledAt,
    counts,
    lastError: undefined,
  }
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
