/**
 * Compares the rows of a bill with our records, page by page. The outcome of a page and the bill's progress
 * are stored in one batch, so a crash loses the work on one page at most.
 */
import { type Bill, NO_COUNTS } from '../../core/bill/bill.ts'
import type { Difference } from '../../core/bill/difference.ts'
import { later, MINUTE_S } from '../../core/time.ts'
import type { BillEnd, BillSums } from '../../ports/bill-reader.ts'
import type { Deps } from '../../ports/deps.ts'
import { type Fetched, tryLater } from './fetch-bill.ts'

type CompareBillDeps = Pick<
  Deps,
  'archive' | 'bills' | 'config' | 'deliverSoon' | 'log' | 'now' | 'readBill' | 'reviews' | 'wechat'
>

/**
 * The number of rows in a page. A page is passed to SQL as one
 * parameter, which may have 2 MB; a row has about 100 bytes.
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
  if (raw !== undefined) {
    if (claimed.state === 'reconciled' && !(await isWhole(deps, raw))) {
      await dropArchived(deps, bill)
      return { ...claimed, lastError: 'the new download is incomplete' }
    }
    // The download is stored before comparing begins, so that after a crash the next run reads the bill from
    // the archive and does not download it again.
    if (!(await deps.bills.begin(bill))) return undefined
    if (claimed.parts > 0 && claimed.fetchedAt !== bill.fetchedAt) await dropArchived(deps, claimed)
  }
  if (bill.bytes === 0) return deps.bills.finishComparing(bill, [])

  const archive = raw === undefined ? deps.archive?.open(bill) : undefined
  const stream = raw === undefined ? archive?.stream : streamOf(raw)
  if (stream === undefined) return { ...bill, parts: 0 }
  const pages = deps.readBill(stream, { pageRows: PAGE_ROWS, afterRow: bill.counts.rows })
  let current = bill
  for (;;) {
    const page = await pages.next()
    if (page.done === true) {
      const end = page.value
      if (end.whole) return deps.bills.finishComparing(current, differingSums(current, end))
      if (archive?.isBroken() === true) {
        return {
          ...current,
          dueAt: later(deps.now(), MINUTE_S),
          lastError: 'a part is missing in the archive',
        }
      }
      // A file with an unknown layout stays in the archive for
      // a person to look at; a file that breaks off is deleted.
      const isUnknownLayout = end.reason === 'unknown_layout'
      if (!isUnknownLayout) await dropArchived(deps, current)
      const parts = isUnknownLayout ? current.parts : 0
      return tryLater(deps, { ...current, parts, bytes: 0, counts: NO_COUNTS }, end.reason)
    }
    if (!mayGoOn()) {
      await pages.return({ whole: false, reason: 'cut_off' })
      return current
    }
    const { appid } = deps.config
    const compared = await deps.bills.comparePage(current, appid, page.value.rows)
    if (compared === undefined) return undefined
    current = compared
  }
}

/**
 * Whether a downloaded bill is complete. This is checked before a new download replaces the stored outcome of
 * an earlier comparison.
 */
export async function isWhole(
  deps: Pick<Deps, 'readBill'>,
  raw: readonly Uint8Array[],
): Promise<boolean> {
  if (raw.length === 0) return true
  const pages = deps.readBill(streamOf(raw), { pageRows: PAGE_ROWS, afterRow: Infinity })
  const { done, value } = await pages.next()
  return done === true && value.whole
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

/** The differences between WeChat's summary line and the sums of the bill's own rows. */
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
