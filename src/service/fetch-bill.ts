import { isEarly, isKept, isOverdue, missingBillReview, nextBillTry } from '../core/bill.ts'
import type { UnixSeconds } from '../core/time.ts'
import { NO_COUNTS, type Bill } from './bill-port.ts'
import { openReview } from './open-review.ts'
import type { Deps } from './ports.ts'

/** `raw` is there right after a download: the archive may take a while to show what it was given. */
export type Fetched = Readonly<{ bill: Bill; raw?: readonly Uint8Array[] }>

/** Downloads a bill and keeps it as it came; or says when to try again. */
export async function fetchBill(deps: Deps, bill: Bill): Promise<Fetched> {
  const now = deps.now()
  const { day } = bill
  if (!isKept(day, now)) {
    await openReview(deps, missingBillReview(day, 'WeChat keeps bills for three months'))
    return { bill: { ...bill, state: 'unavailable', dueAt: undefined, lastError: 'too_old' } }
  }
  const reply = await deps.wechat.downloadBill(day)
  switch (reply.kind) {
    case 'bill': {
      const bytes = reply.bytes.reduce((sum, { length }) => sum + length, 0)
      const parts = await keep(deps, bill, now, reply.bytes)
      return { bill: comparing(bill, { fetchedAt: now, parts, bytes }), raw: reply.bytes }
    }
    case 'empty': {
      // The number is that of a bill that is not made yet, too. With payments of our own it is early to
      // believe it in the morning; after that, each of them is a difference.
      return isEarly(day, now) && (await deps.store.bills.expectedOn(day)) > 0
        ? { bill: await waiting(deps, bill, 'no_bill_exist') }
        : { bill: comparing(bill, { fetchedAt: now, parts: 0, bytes: 0 }), raw: [] }
    }
    case 'not_ready':
      return { bill: await waiting(deps, bill, 'bill_creating') }
    case 'misconfigured': {
      // Ours to mend, so nobody waits until it is late.
      const reason = `${reply.errCode} ${reply.errCodeDes}`
      await openReview(deps, missingBillReview(day, reason))
      return { bill: await waiting(deps, bill, reason) }
    }
    case 'refused':
      return { bill: await waiting(deps, bill, `${reply.errCode} ${reply.errCodeDes}`) }
    case 'unknown':
      return { bill: await waiting(deps, bill, reply.cause) }
  }
}

const comparing = (
  bill: Bill,
  fetched: Readonly<Pick<Bill, 'fetchedAt' | 'parts' | 'bytes'>>,
): Bill => ({
  ...bill,
  ...fetched,
  state: 'comparing',
  // It keeps its place: a day is brought to its end before the next one is begun.
  dueAt: bill.dueAt ?? fetched.fetchedAt,
  lastError: undefined,
  counts: NO_COUNTS,
})

/** @returns in how many pieces. The archive decides nothing: without it the bill is compared all the same. */
async function keep(
  { archive, log }: Deps,
  { day }: Bill,
  fetchedAt: UnixSeconds,
  bytes: readonly Uint8Array[],
): Promise<number> {
  if (archive === undefined) return 0
  try {
    return await archive.keep(day, fetchedAt, bytes)
  } catch (error) {
    log({
      event: 'bill_not_archived',
      day,
      reason: error instanceof Error ? error.name : 'unknown',
    })
    return 0
  }
}

/** Not now: downloaded again later, and told to a person once it is late. */
export async function waiting(deps: Deps, bill: Bill, reason: string): Promise<Bill> {
  const now = deps.now()
  if (isOverdue(bill.day, now)) await openReview(deps, missingBillReview(bill.day, reason))
  const dueAt = nextBillTry(bill.day, now)
  return { ...bill, state: 'waiting', dueAt, tries: bill.tries + 1, lastError: reason }
}
