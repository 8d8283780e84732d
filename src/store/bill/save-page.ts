/** Stores the outcome of comparing one page of a bill, together with the bill's progress. */
import type { Bill } from '../../core/bill/bill.ts'
import type { Compared } from '../../core/bill/compare.ts'
import type { BeijingDay } from '../../core/day.ts'
import type { Database, Statement } from '../d1/database.ts'
import { type Guard, statement } from '../d1/sql.ts'
import { comparedBy } from './bill-lease.ts'
import { insertDifferences } from './difference-sql.ts'

/**
 * The maximum number of payments and of refunds whose marks one call removes, so that D1 answers in time.
 */
const UNMARKED_AT_ONCE = 5_000

/**
 * Removes marks of an earlier comparison, so that what is marked afterwards is what this comparison finds in
 * the bill.
 *
 * @returns true when no mark is left.
 */
export async function unmark(db: Database, bill: Bill): Promise<boolean> {
  const guard = comparedBy(bill)
  const unmarkIn = (table: string, key: string): Statement =>
    statement(
      `UPDATE ${table} SET billed_on = NULL
       WHERE ${key} IN (SELECT ${key} FROM ${table} WHERE billed_on = ? LIMIT ?) AND ${guard.sql}`,
      bill.day,
      UNMARKED_AT_ONCE,
      ...guard.params,
    )
  const outcomes = await db.batch([
    unmarkIn('payments', 'transaction_id'),
    unmarkIn('refunds', 'out_refund_no'),
  ])
  return outcomes.every(({ changes }) => changes < UNMARKED_AT_ONCE)
}

/**
 * Stores the differences of a page, marks our payments and refunds as contained in the bill, and removes
 * differences which say that no bill contains them. Every statement has the guard that the bill is as it was
 * before the page, and the bill's progress is stored last. So a repeated batch, or one of a run whose lease has
 * ended, changes nothing.
 *
 * @param bill The bill before the page.
 * @returns the bill after the page; undefined when another run has continued the bill.
 */
export async function savePage(
  db: Database,
  bill: Bill,
  { counts, differences, payments, refunds }: Compared,
): Promise<Bill | undefined> {
  const guard = comparedBy(bill)
  const outcomes = await db.batch([
    ...insertDifferences(bill.day, differences, guard),
    ...marked('payments', 'transaction_id', payments, bill.day, guard),
    ...marked('refunds', 'out_refund_no', refunds, bill.day, guard),
    foundInBill(payments, refunds, guard),
    statement(
      `UPDATE bills SET rows_done = ?, counts = ? WHERE day = ? AND ${guard.sql}`,
      counts.rows,
      JSON.stringify(counts),
      bill.day,
      ...guard.params,
    ),
  ])
  return outcomes.at(-1)?.changes === 1 ? { ...bill, counts } : undefined
}

/** SQL that marks payments or refunds as contained in the bill. */
function marked(
  table: string,
  key: string,
  numbers: readonly string[],
  day: BeijingDay,
  guard: Guard,
): readonly Statement[] {
  if (numbers.length === 0) return []
  return [
    // The plus keeps SQLite from searching all that no bill contains, instead of the numbers.
    statement(
      `UPDATE ${table} SET billed_on = ?
       WHERE ${key} IN (SELECT value FROM json_each(?)) AND +billed_on IS NULL AND ${guard.sql}`,
      day,
      JSON.stringify(numbers),
      ...guard.params,
    ),
  ]
}

/** SQL that deletes the differences which say that no bill contains what this one contains. */
const foundInBill = (
  payments: readonly string[],
  refunds: readonly string[],
  guard: Guard,
): Statement =>
  statement(
    `DELETE FROM bill_differences
     WHERE subject IN (SELECT value FROM json_each(?1) UNION ALL SELECT value FROM json_each(?2))
       AND ((kind = 'payment_not_in_bill' AND +subject IN (SELECT value FROM json_each(?1)))
         OR (kind = 'refund_not_in_bill' AND +subject IN (SELECT value FROM json_each(?2))))
       AND ${guard.sql}`,
    JSON.stringify(payments),
    JSON.stringify(refunds),
    ...guard.params,
  )
