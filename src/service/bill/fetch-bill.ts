import { type Bill, NO_COUNTS } from '../../core/bill/bill.ts'
import { missingBillReview } from '../../core/bill/difference.ts'
import { isAvailable, isEarly, isOverdue, nextBillTryAt } from '../../core/bill/schedule.ts'
import type { UnixSeconds } from '../../core/time.ts'
import { detailsOf } from '../../lib/words.ts'
import type { Deps } from '../../ports/deps.ts'
import type { DownloadBillReply } from '../../ports/wechat.ts'
import { openReview } from '../open-review.ts'

type FetchBillDeps = Pick<
  Deps,
  'archive' | 'bills' | 'deliverSoon' | 'log' | 'now' | 'reviews' | 'wechat'
>

/**
 * A bill after its download. `raw` has the bytes if the download was just made, because the archive may take
 * a while until it returns what was just stored.
 */
export type Fetched = Readonly<{ bill: Bill; raw?: readonly Uint8Array[] }>

/**
 * Downloads a day's bill and archives it unchanged. If WeChat has no bill yet, sets when to try again.
 *
 * @param given WeChat's answer to downloadbill, if the caller has it already.
 */
export async function fetchBill(
  deps: FetchBillDeps,
  bill: Bill,
  given?: DownloadBillReply,
): Promise<Fetched> {
  const now = deps.now()
  const { day } = bill
  if (!isAvailable(day, now)) {
    await reportMissing(deps, bill, 'WeChat keeps bills for three months only')
    return { bill: { ...bill, state: 'unavailable', dueAt: undefined, lastError: 'too_old' } }
  }
  const reply = given ?? (await deps.wechat.downloadBill(day))
  switch (reply.kind) {
    case 'bill': {
      const bytes = reply.bytes.reduce((sum, { length }) => sum + length, 0)
      const parts = await archiveBill(deps, bill, now, reply.bytes)
      return { bill: comparing(bill, { fetchedAt: now, parts, bytes }), raw: reply.bytes }
    }
    case 'empty': {
      // WeChat answers "No Bill Exist" for a day without payments, and also for a bill that it has not made
      // yet. If the bill has, or may have, rows about our orders, the answer is not believed before noon.
      // After noon, each missing payment becomes a difference. An empty bill never replaces a bill that was
      // reconciled with rows.
      const wasThere = bill.reconciledAt !== undefined && bill.bytes > 0
      return wasThere || (isEarly(day, now) && (await deps.bills.isExpectedOn(day)))
        ? { bill: await tryLater(deps, bill, 'no_bill_exist') }
        : { bill: comparing(bill, { fetchedAt: now, parts: 0, bytes: 0 }), raw: [] }
    }
    case 'not_ready':
      return { bill: await tryLater(deps, bill, 'bill_creating') }
    case 'misconfigured': {
      // Only the operator can fix the configuration, so the review
      // opens immediately and not when the bill is overdue.
      const reason = `${reply.errCode} ${reply.errCodeDes}`
      await reportMissing(deps, bill, reason)
      return { bill: await tryLater(deps, bill, reason) }
    }
    case 'refused':
      return { bill: await tryLater(deps, bill, `${reply.errCode} ${reply.errCodeDes}`) }
    case 'unknown':
      return { bill: await tryLater(deps, bill, reply.cause) }
  }
}

function comparing(
  bill: Bill,
  fetched: Readonly<{ fetchedAt: UnixSeconds; parts: number; bytes: number }>,
): Bill {
  // The same bill was downloaded again because the archive
  // failed, so the comparison goes on where it stopped.
  const goesOn = bill.state !== 'reconciled' && bill.bytes === fetched.bytes
  return {
    ...bill,
    ...fetched,
    state: 'comparing',
    // The bill keeps its due time and so its place in the queue:
    // one day is compared completely before the next begins.
    dueAt: bill.dueAt ?? fetched.fetchedAt,
    lastError: undefined,
    counts: goesOn ? bill.counts : NO_COUNTS,
  }
}

/**
 * Archives a bill. A failure is only logged: no decision
 * depends on the archive, and the bill is compared without it.
 *
 * @returns the number of pieces in which the bill is stored.
 */
async function archiveBill(
  { archive, log }: Pick<Deps, 'archive' | 'log'>,
  { day }: Bill,
  fetchedAt: UnixSeconds,
  bytes: readonly Uint8Array[],
): Promise<number> {
  if (archive === undefined) return 0
  try {
    return await archive.put(day, fetchedAt, bytes)
  } catch (error) {
    log({ event: 'bill_not_archived', day, ...detailsOf(error) })
    return 0
  }
}

/**
 * Sets when a bill is downloaded again, and opens a review if the bill is overdue.
 *
 * @param reason Why the download failed.
 */
export async function tryLater(deps: FetchBillDeps, bill: Bill, reason: string): Promise<Bill> {
  await reportIfOverdue(deps, bill, reason)
  const dueAt = nextBillTryAt(bill.day, deps.now())
  return { ...bill, state: 'waiting', dueAt, lastError: reason }
}

/**
 * Opens a review about a bill that is overdue: it is 36
 * hours late, and several runs have failed to download it.
 */
export async function reportIfOverdue(
  deps: FetchBillDeps,
  bill: Bill,
  reason: string,
): Promise<void> {
  if (isOverdue(bill.day, bill.tries, deps.now())) await reportMissing(deps, bill, reason)
}

/** Opens the review that a bill is missing, unless the bill's day was reconciled earlier. */
async function reportMissing(deps: FetchBillDeps, bill: Bill, reason: string): Promise<void> {
  if (bill.reconciledAt !== undefined) return
  await openReview(deps, missingBillReview(bill.day, reason))
}
