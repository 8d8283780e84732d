import { type Bill, NO_COUNTS } from '../../core/bill/bill.ts'
import { missingBillReview } from '../../core/bill/difference.ts'
import { isAvailable, isEarly, isOverdue, nextBillTryAt } from '../../core/bill/schedule.ts'
import type { UnixSeconds } from '../../core/time.ts'
import type { Deps } from '../../ports/deps.ts'
import type { DownloadBillReply } from '../../ports/wechat.ts'
import { openReview } from '../open-review.ts'

type FetchBillDeps = Pick<
  Deps,
  'archive' | 'bills' | 'deliverSoon' | 'log' | 'now' | 'reviews' | 'wechat'
>

/** `raw` is there right after a download: the archive may take a while to show what it was given. */
export type Fetched = Readonly<{ bill: Bill; raw?: readonly Uint8Array[] }>

/** Downloads a bill and keeps it as it came; or says when to try again. */
export async function fetchBill(
  deps: FetchBillDeps,
  bill: Bill,
  given?: DownloadBillReply,
): Promise<Fetched> {
  const now = deps.now()
  const { day } = bill
  if (!isAvailable(day, now)) {
    await reportMissing(deps, bill, 'WeChat keeps bills for three months')
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
      // The number is that of a bill that is not made yet, too. Where something of ours is or may be in it, it
      // is early to believe it in the morning; after that, each payment is a difference. One that was there
      // is not undone.
      const wasThere = bill.reconciledAt !== undefined && bill.bytes > 0
      return wasThere || (isEarly(day, now) && (await deps.bills.isExpectedOn(day)))
        ? { bill: await tryLater(deps, bill, 'no_bill_exist') }
        : { bill: comparing(bill, { fetchedAt: now, parts: 0, bytes: 0 }), raw: [] }
    }
    case 'not_ready':
      return { bill: await tryLater(deps, bill, 'bill_creating') }
    case 'misconfigured': {
      // Ours to mend, so nobody waits until it is late.
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
  // The same bill once more, because the archive did not have it: it goes on where it stopped.
  const goesOn = bill.state !== 'reconciled' && bill.bytes === fetched.bytes
  return {
    ...bill,
    ...fetched,
    state: 'comparing',
    // It keeps its place: a day is compared to its end before the next one is begun.
    dueAt: bill.dueAt ?? fetched.fetchedAt,
    lastError: undefined,
    counts: goesOn ? bill.counts : NO_COUNTS,
  }
}

/** @returns in how many pieces. The archive decides nothing: without it the bill is compared all the same. */
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
    log({
      event: 'bill_not_archived',
      day,
      reason: error instanceof Error ? error.name : 'unknown',
    })
    return 0
  }
}

/** Downloaded again later, and told to a person once it is late. */
export async function tryLater(deps: FetchBillDeps, bill: Bill, reason: string): Promise<Bill> {
  await reportIfOverdue(deps, bill, reason)
  const dueAt = nextBillTryAt(bill.day, deps.now())
  return { ...bill, state: 'waiting', dueAt, lastError: reason }
}

export async function reportIfOverdue(
  deps: FetchBillDeps,
  bill: Bill,
  reason: string,
): Promise<void> {
  if (isOverdue(bill.day, bill.tries, deps.now())) await reportMissing(deps, bill, reason)
}

/** Of a day that was reconciled once, the bill is not missing. */
async function reportMissing(deps: FetchBillDeps, bill: Bill, reason: string): Promise<void> {
  if (bill.reconciledAt !== undefined) return
  await openReview(deps, missingBillReview(bill.day, reason))
}
