/** Bills as the console lists and shows them. */
import type { ReportedDifference } from '../../core/bill/difference.ts'
import type { Bill } from '../../core/bill/bill.ts'
import type { BeijingDay } from '../../core/day.ts'
import type { Deps } from '../../ports/deps.ts'
import type { BillLine } from '../../ports/list-store.ts'

/** How many differences of a day are shown. */
export const DIFFERENCES_SHOWN = 100

/** The last days that have a bill, newest first. */
export const listBills = ({ lists }: Pick<Deps, 'lists'>): Promise<readonly BillLine[]> =>
  lists.bills()

/** A day's bill with its first differences. */
export type ShownBill = Readonly<{
  bill: Bill
  differences: readonly ReportedDifference[]
  /** Whether there are more differences than these. */
  hasMore: boolean
}>

/** Reads the bill of a day. @returns undefined when the day has none. */
export async function readShownBill(
  { bills, lists }: Pick<Deps, 'bills' | 'lists'>,
  day: BeijingDay,
): Promise<ShownBill | undefined> {
  const bill = await bills.find(day)
  if (bill === undefined) return undefined
  const found = await lists.differences(day, DIFFERENCES_SHOWN + 1)
  return {
    bill,
    differences: found.slice(0, DIFFERENCES_SHOWN),
    hasMore: found.length > DIFFERENCES_SHOWN,
  }
}
