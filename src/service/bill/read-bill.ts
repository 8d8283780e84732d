/** A day's bill and its reconciliation, as the shop and the operator read them. */
import type { BillReport } from '../../contract/bill.ts'
import type { Bill } from '../../core/bill/bill.ts'
import { lastBillDay } from '../../core/bill/schedule.ts'
import type { BeijingDay } from '../../core/day.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import type { Deps } from '../../ports/deps.ts'

/** More than a person reads, and less than an HTTP response can hold. */
const DIFFERENCES_MAX = 1_000

export type BillError = Readonly<
  { reason: 'bill_not_found' } | { reason: 'bill_not_ready'; lastError: string | undefined }
>

/** @returns `bill_not_ready` for a day whose bill WeChat cannot have made yet. */
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

/** A bill with its differences. */
export async function billReport({ bills }: Pick<Deps, 'bills'>, bill: Bill): Promise<BillReport> {
  return { bill, differences: await bills.differences(bill.day, DIFFERENCES_MAX) }
}

/**
 * The report of a day. A bill that was not compared yet has no sums, and an empty list of differences
 * would read as "none", so it is `bill_not_ready`.
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

/** The file as WeChat sent it, plain or gzip. `first` is its first piece, read already. */
export type RawBill = Readonly<{
  day: BeijingDay
  first: Uint8Array
  rest: ReadableStreamDefaultReader<Uint8Array>
}>

/** @returns `no_file` where WeChat had none, or it could not be archived. */
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
