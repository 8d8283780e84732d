/** The rows of a bill against our records. Every page is stored with the bill's progress. */
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

/** A page is one parameter of SQL, which may have 2 MB; a row has about 100 bytes. */
const PAGE_ROWS = 5_000

/**
 * Compares a bill with our records, page by page, as far as the run may go.
 *
 * @param claimed The bill as the run leased it.
 * @returns the bill as it is then; undefined when another run holds it now.
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
      return { ...claimed, lastError: 'not whole' }
    }
    // A step of its own, so that a crash while comparing finds the bill in the archive.
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
        return { ...current, dueAt: later(deps.now(), MINUTE_S), lastError: 'not in the archive' }
      }
      // A layout that we do not know is worth a person's look; what breaks off is not.
      const isWorthALook = end.reason === 'unknown_layout'
      if (!isWorthALook) await dropArchived(deps, current)
      const parts = isWorthALook ? current.parts : 0
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
/** Read to its end, before anything that is known is given up for it. */

export async function isWhole(
  deps: Pick<Deps, 'readBill'>,
  raw: readonly Uint8Array[],
): Promise<boolean> {
  if (raw.length === 0) return true
  const pages = deps.readBill(streamOf(raw), { pageRows: PAGE_ROWS, afterRow: Infinity })
  const { done, value } = await pages.next()
  return done === true && value.whole
}
/** What is left over in the archive costs a little, and does no harm. */

export async function dropArchived({ archive }: Pick<Deps, 'archive'>, bill: Bill): Promise<void> {
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
