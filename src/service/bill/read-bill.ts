/** Reads a day's bill and its reconciliation, for the shop and the operator. */
import type { BillReport } from '../../contract/bill.ts'
import type { Bill } from '../../core/bill/bill.ts'
import { lastBillDay } from '../../core/bill/schedule.ts'
import type { BeijingDay } from '../../core/day.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import type { Deps } from '../../ports/deps.ts'

/**
 * The maximum number of differences that one response lists. A person reads no more, and this many fit into
 * one HTTP response.
 */
const DIFFERENCES_MAX = 1_000

/**
 * Why there is no bill to show. `lastError` is the reason
 * why the last download failed; undefined when none failed.
 */
export type BillError = Readonly<
  { reason: 'bill_not_found' } | { reason: 'bill_not_ready'; lastError: string | undefined }
>

/** Finds a day's bill. @returns `bill_not_ready` for a day whose bill WeChat cannot have made yet. */
export async function findBill(
  { bills, now }: Pick<Deps, 'bills' | 'now'>,
  day: BeijingDay,
): Promise<Result<Bill, BillError>> {
  const bill = await bills.find(day)
  if (bill === undefined && day > lastBillDay(now())) {
    return err({ reason: 'bill_not_ready', lastError: undefined })
  }
  if (bill === undefined || bill.state === 'unavailable') return err({ reason: 'bill_not_found' })
  return ok(bill)
}

/** Reads the differences of a bill, at most a thousand. */
export async function billReport({ bills }: Pick<Deps, 'bills'>, bill: Bill): Promise<BillReport> {
  return { bill, differences: await bills.differences(bill.day, DIFFERENCES_MAX) }
}

/**
 * Reads the report of a day. For a bill that has not been compared yet, the error is `bill_not_ready`: such a
 * bill has no sums, and its empty list of differences would read as "no differences".
 */
export async function readBillReport(
  deps: Pick<Deps, 'bills' | 'now'>,
  day: BeijingDay,
): Promise<Result<BillReport, BillError>> {
  const bill = await findBill(deps, day)
  if (!bill.ok) return bill
  const { state, lastError } = bill.value
  return state === 'waiting'
    ? err({ reason: 'bill_not_ready', lastError })
    : ok(await billReport(deps, bill.value))
}

/**
 * A bill's file as WeChat sent it, plain or gzip. `first`
 * is the file's first chunk, which has been read already.
 */
export type RawBill = Readonly<{
  day: BeijingDay
  first: Uint8Array
  rest: ReadableStreamDefaultReader<Uint8Array>
}>

/**
 * Opens the file of a day's bill in the archive.
 *
 * @returns `no_file` when WeChat had no file, or archiving it failed; `not_in_archive` when the archive does
 *   not return the file; `misconfigured` when no archive is bound.
 */
export async function openRawBill(
  deps: Pick<Deps, 'archive' | 'bills' | 'now'>,
  day: BeijingDay,
): Promise<
  Result<RawBill, BillError | Readonly<{ reason: 'no_file' | 'misconfigured' | 'not_in_archive' }>>
> {
  const found = await findBill(deps, day)
  if (!found.ok) return found
  const { parts, state, lastError } = found.value
  if (parts === 0) {
    return state === 'waiting'
      ? err({ reason: 'bill_not_ready', lastError })
      : err({ reason: 'no_file' })
  }
  if (deps.archive === undefined) return err({ reason: 'misconfigured' })
  const rest = deps.archive.open(found.value).stream.getReader()
  const first = await rest.read().catch(() => undefined)
  return first?.value === undefined
    ? err({ reason: 'not_in_archive' })
    : ok({ day, first: first.value, rest })
}
