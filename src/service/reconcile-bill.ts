/**
 * The bill of one day: downloaded, compared with the books row by row, and what differs cleared up. Every
 * step is stored, so a day takes as many runs of the cron as it needs, and a crash costs one step.
 */
import {
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
import { NO_COUNTS, type Bill, type BillEnd } from './bill-port.ts'
import { openReview } from './open-review.ts'
import type { Deps } from './ports.ts'
import { settleDifference } from './settle-difference.ts'

/** The most that one step may cost: a download, a page of rows, a difference. */
export const BILL_STEP = { calls: 2, statements: 12 }
/** A page is one parameter of SQL, which may have 2 MB; a row has about 100 bytes. */
const PAGE_ROWS = 5_000
const DIFFERENCES_AT_ONCE = 20

export type ReconcileError = Readonly<{ reason: 'bill_not_found' | 'bill_not_ready' }>

/** Reconciles a day now, as far as this request may go; the cron does the rest. */
export async function reconcileNow(
  deps: Deps,
  day: BeijingDay,
): Promise<Result<Bill, ReconcileError>> {
  const now = deps.now()
  if (!isKept(day, now)) return err({ reason: 'bill_not_found' })
  // The days before it first, so that none of them is passed over.
  const last = lastBillDay(now)
  await deps.store.bills.expect(last, now)
  if (day > last) {
    // Too early by our clock. WeChat's decides, and no row is left of a question.
    const reply = await deps.wechat.downloadBill(day)
    if (reply.kind !== 'bill') return err({ reason: 'bill_not_ready' })
  }
  const claimed = await deps.store.bills.claimAnew(day, now)
  const { statements } = deps.config.tick
  if (claimed !== undefined) {
    await advanceBill(
      deps,
      claimed,
      () => deps.store.statementsUsed() + BILL_STEP.statements <= statements,
    )
  }
  const bill = await deps.store.bills.find(day)
  if (bill === undefined) return err({ reason: 'bill_not_found' })
  return bill.state === 'waiting' ? err({ reason: 'bill_not_ready' }) : ok(bill)
}

/**
 * Takes a bill as far as it is affordable, and gives it back.
 *
 * @param affordable Whether one more step may be made.
 */
export async function advanceBill(
  deps: Deps,
  bill: Bill,
  affordable: () => boolean,
): Promise<void> {
  let current: Bill | undefined = bill
  let raw: readonly Uint8Array[] | undefined
  if (current.state === 'waiting') {
    const fetched = await fetchBill(deps, current)
    current = fetched.bill
    raw = fetched.raw
  }
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

async function fetchBill(
  deps: Deps,
  bill: Bill,
): Promise<Readonly<{ bill: Bill; raw?: readonly Uint8Array[] }>> {
  const now = deps.now()
  const { day } = bill
  if (!isKept(day, now)) {
    await openReview(deps, missingBillReview(day, 'WeChat keeps bills for three months'))
    return { bill: { ...bill, state: 'unavailable', dueAt: undefined, lastError: 'too_old' } }
  }
  const { archive } = deps
  if (archive === undefined) return { bill: await waiting(deps, bill, 'KV is not bound') }
  const reply = await deps.wechat.downloadBill(day)
  switch (reply.kind) {
    case 'bill': {
      const parts = await archive.keep(day, now, reply.bytes)
      const bytes = reply.bytes.reduce((sum, { length }) => sum + length, 0)
      return { bill: comparing(bill, { fetchedAt: now, parts, bytes }), raw: reply.bytes }
    }
    case 'empty': {
      // The words are those of a bill that is not made yet, too: our own payments tell which.
      const { payments } = await deps.store.bills.booksOn(day)
      return payments > 0 && !isOverdue(day, now)
        ? { bill: await waiting(deps, bill, 'no_bill_exist') }
        : { bill: comparing(bill, { fetchedAt: now, parts: 0, bytes: 0 }), raw: [] }
    }
    case 'not_ready':
      return { bill: await waiting(deps, bill, 'bill_creating') }
    case 'misconfigured':
    case 'refused':
      return { bill: await waiting(deps, bill, `${reply.errCode} ${reply.errCodeDes}`) }
    case 'unknown':
      return { bill: await waiting(deps, bill, reply.cause) }
  }
}

const comparing = (
  bill: Bill,
  fetched: Readonly<Pick<Bill, 'fetchedAt' | 'parts' | 'bytes'>>,
): Bill => ({ ...bill, ...fetched, state: 'comparing', lastError: undefined, counts: NO_COUNTS })

/** Not now. Told to a person once it is late, and tried on. */
async function waiting(deps: Deps, bill: Bill, reason: string): Promise<Bill> {
  const now = deps.now()
  if (isOverdue(bill.day, now)) await openReview(deps, missingBillReview(bill.day, reason))
  return {
    ...bill,
    state: 'waiting',
    dueAt: nextBillTry(now),
    tries: bill.tries + 1,
    lastError: reason,
    counts: NO_COUNTS,
  }
}

async function compare(
  deps: Deps,
  bill: Bill,
  raw: readonly Uint8Array[] | undefined,
  affordable: () => boolean,
): Promise<Bill | undefined> {
  // A step of its own from here on, so that a crash while comparing finds the bill in the archive.
  if (raw !== undefined) await deps.store.bills.begin(bill)
  if (bill.parts === 0) return finish(deps, bill, [])
  const stream = raw === undefined ? deps.archive?.open(bill) : streamOf(raw)
  if (stream === undefined) return waiting(deps, bill, 'KV is not bound')
  const pages = deps.readBill(stream, { pageRows: PAGE_ROWS, afterRow: bill.counts.rows })
  let current = bill
  for (;;) {
    const page = await pages.next()
    if (page.done === true) {
      const end = page.value
      return end.whole
        ? finish(deps, current, differingSums(current, end))
        : waiting(deps, current, end.reason)
    }
    if (!affordable()) {
      await pages.return({ whole: false, reason: 'cut_off' })
      return { ...current, dueAt: deps.now() }
    }
    const { appid } = deps.config
    const compared = await deps.store.bills.comparePage(current, appid, page.value.rows)
    if (compared === undefined) return undefined
    current = compared
  }
}

const finish = (deps: Deps, bill: Bill, sums: readonly Difference[]): Promise<Bill | undefined> =>
  deps.store.bills.finishComparing(bill, sums, deps.now())

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
  const open = await deps.store.bills.openDifferences(bill.day, DIFFERENCES_AT_ONCE)
  let settled = 0
  for (const difference of open) {
    if (!affordable()) return { ...bill, dueAt: deps.now() }
    if (await settleDifference(deps, difference)) settled++
  }
  if (open.length > settled) return { ...bill, dueAt: later(deps.now(), MINUTE_S) }
  if (open.length === DIFFERENCES_AT_ONCE) return { ...bill, dueAt: deps.now() }
  const now = deps.now()
  const books = await deps.store.bills.booksOn(bill.day)
  const counts = { ...bill.counts, books }
  return { ...bill, state: 'reconciled', dueAt: undefined, reconciledAt: now, counts }
}

const streamOf = (chunks: readonly Uint8Array[]): ReadableStream<Uint8Array> => {
  let next = 0
  return new ReadableStream({
    pull(controller) {
      const chunk = chunks[next++]
      if (chunk === undefined) controller.close()
      else controller.enqueue(chunk)
    },
  })
}
