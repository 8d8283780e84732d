/**
 * Compares the rows of a bill with our records, page by page. The outcome of a page and the bill's progress
 * are stored in one batch, so a crash loses the work on one page at most.
 */
import { type Bill, NO_COUNTS } from '../../core/bill/bill.ts'
import { compareRows, dayOfFile } from '../../core/bill/compare.ts'
import { type Difference, found } from '../../core/bill/difference.ts'
import { changedRate } from '../../core/bill/service-fee.ts'
import type { BeijingDay } from '../../core/day.ts'
import { later, MINUTE_S } from '../../core/time.ts'
import type { BillEnd, BillSums } from '../../ports/bill/bill-reader.ts'
import type { Deps } from '../../ports/deps.ts'
import { type Fetched, tryLater } from './fetch-bill.ts'

type CompareBillDeps = Pick<
  Deps,
  'archive' | 'bills' | 'config' | 'deliverSoon' | 'log' | 'now' | 'readBill' | 'reviews' | 'wechat'
>

/**
 * The number of rows in a page. A page is passed to SQL as one
 * parameter, which may have 2 MB; a row has about 170 bytes.
 */
const PAGE_ROWS = 5_000

/**
 * Compares a bill with our records, page by page, for as long as `mayGoOn` allows.
 *
 * @param claimed The bill as this run leased it.
 * @param fetched The bill to compare; if this run has just downloaded it, also its bytes.
 * @returns the bill with its progress; undefined when another run holds its lease now.
 */
export async function compareBill(
  deps: CompareBillDeps,
  claimed: Bill,
  { bill, raw }: Fetched,
  mayGoOn: () => boolean,
): Promise<Bill | undefined> {
  let mayBeMarked = true
  if (raw !== undefined) {
    const fault = claimed.state === 'reconciled' ? await findFault(deps, bill.day, raw) : undefined
    if (fault !== undefined) {
      await dropArchived(deps, bill)
      return { ...claimed, lastError: fault }
    }
    // The download is stored before comparing begins, so that after a crash the next run reads the bill from
    // the archive and does not download it again.
    const begun = await deps.bills.begin(bill)
    if (begun === undefined) return undefined
    mayBeMarked = begun
    if (claimed.parts > 0 && claimed.fetchedAt !== bill.fetchedAt) await dropArchived(deps, claimed)
  }
  // Marks are those of an earlier comparison until the first row is compared.
  const isFirst = bill.counts.rows === 0
  if (isFirst && mayBeMarked && !(await unmarkAll(deps, bill, mayGoOn))) return bill
  if (bill.bytes === 0) return deps.bills.finishComparing(bill, [])

  const archive = raw === undefined ? deps.archive?.open(bill) : undefined
  const stream = raw === undefined ? archive?.stream : streamOf(raw)
  if (stream === undefined) return { ...bill, parts: 0 }
  const pages = deps.readBill(stream, { pageRows: PAGE_ROWS, afterRow: bill.counts.rows })
  let current = bill
  for (;;) {
    const page = await pages.next()
    if (page.done === true) {
      if (page.value.whole) return finish(deps, current, page.value)
      return archive?.isBroken() === true
        ? awaitArchive(deps, current)
        : rejectFile(deps, current, page.value.reason)
    }
    const { rows } = page.value
    const otherDay = current.counts.rows === 0 ? dayOfFile(rows, bill.day) : undefined
    if (otherDay !== undefined || !mayGoOn()) {
      await pages.return({ whole: false, reason: 'cut_off' })
      return otherDay === undefined ? current : rejectFile(deps, current, ofOtherDay(otherDay))
    }
    const facts = await deps.bills.pageFacts(bill.day, rows)
    const compared = compareRows(current, rows, facts, deps.config)
    const saved = await deps.bills.savePage(current, compared)
    if (saved === undefined) return undefined
    current = saved
  }
}

/** Removes the marks of an earlier comparison. @returns false when `mayGoOn` ended it before the last one. */
async function unmarkAll(
  { bills }: Pick<Deps, 'bills'>,
  bill: Bill,
  mayGoOn: () => boolean,
): Promise<boolean> {
  while (!(await bills.unmark(bill))) if (!mayGoOn()) return false
  return true
}

/** Ends the comparison of a bill whose last row was compared. */
async function finish(
  { bills }: Pick<Deps, 'bills'>,
  bill: Bill,
  end: WholeEnd,
): Promise<Bill | undefined> {
  const { day, counts } = bill
  const rate = changedRate(day, counts.rates, await bills.ratesBefore(day))
  const ofFile = [...differingSums(bill, end), ...(rate === undefined ? [] : [rate])]
  return bills.finishComparing(bill, ofFile)
}

/** Goes on in a minute with a bill of which the archive did not return a part. */
const awaitArchive = ({ now }: Pick<Deps, 'now'>, bill: Bill): Bill => ({
  ...bill,
  dueAt: later(now(), MINUTE_S),
  lastError: 'a part is missing in the archive',
})

/**
 * Rejects a file that is not the bill of its day; it is downloaded again later. A file that breaks off is deleted
 * from the archive, any other stays there for a person to look at.
 */
async function rejectFile(deps: CompareBillDeps, bill: Bill, reason: string): Promise<Bill> {
  const isLeft = reason !== 'cut_off' && reason !== 'not_a_bill'
  if (!isLeft) await dropArchived(deps, bill)
  const parts = isLeft ? bill.parts : 0
  return tryLater(deps, { ...bill, parts, bytes: 0, counts: NO_COUNTS }, reason)
}

const ofOtherDay = (day: BeijingDay): string =>
  `the file is of another day: its first row is of ${day}`

/**
 * Reads a download before it replaces the stored outcome of an earlier comparison.
 *
 * @returns why it must not; undefined when the download is the complete bill of its day.
 */
async function findFault(
  deps: Pick<Deps, 'readBill'>,
  day: BeijingDay,
  raw: readonly Uint8Array[],
): Promise<string | undefined> {
  if (raw.length === 0) return undefined
  const pages = deps.readBill(streamOf(raw), { pageRows: PAGE_ROWS, afterRow: 0 })
  for (let isFirst = true; ; isFirst = false) {
    const { done, value } = await pages.next()
    if (done === true) return value.whole ? undefined : 'the new download is incomplete'
    const otherDay = isFirst ? dayOfFile(value.rows, day) : undefined
    if (otherDay === undefined) continue
    await pages.return({ whole: false, reason: 'cut_off' })
    return ofOtherDay(otherDay)
  }
}

/** Deletes a bill from the archive. A failure is ignored: a leftover file does no harm. */
export async function dropArchived({ archive }: Pick<Deps, 'archive'>, bill: Bill): Promise<void> {
  await archive?.drop(bill).catch(() => undefined)
}

/** The names under which the report of a bill shows its sums. */
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

type WholeEnd = Extract<BillEnd, { whole: true }>

/** The differences between WeChat's summary line and the sums of the bill's own rows. */
const differingSums = ({ day }: Bill, end: WholeEnd): readonly Difference[] =>
  end.differing.map((name) =>
    found({
      day,
      kind: 'sum_differs',
      subject: SUM_NAMES[name],
      bill: { stated: end.stated[name] ?? 0, rows: end.read[name] ?? 0 },
    }),
  )

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
