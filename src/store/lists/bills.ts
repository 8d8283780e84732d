/** The bills of the last days, and the first differences of one. */
import type { BeijingDay } from '../../core/day.ts'
import type { ReportedDifference } from '../../core/bill/difference.ts'
import type { BillLine } from '../../ports/list-store.ts'
import { integer } from '../d1/columns.ts'
import type { Database, Row } from '../d1/database.ts'
import { billFromRow } from '../bill/bill-row.ts'
import { firstDifferences, reportedFromRow } from '../bill/differences.ts'

const DAYS = 31
/** Where the count of a day's differences stops. */
const DIFFERENCES_MAX = 10

/**
 * The columns of a line, from the table `bills`. A difference that still exists has a review that has not ended, whether
 * a person has resolved it or not.
 */
export const BILL_LINE = `bills.*, (SELECT count(*) FROM (
  SELECT 1 FROM reviews INDEXED BY reviews_of_bills
  WHERE kind = 'bill_difference' AND ended_at IS NULL
    AND subject > bills.day || '.' AND subject < bills.day || '/' LIMIT ${DIFFERENCES_MAX})) AS differences`

/** Reads the last days that have a bill, newest first. */
export async function billLines(db: Database): Promise<readonly BillLine[]> {
  const { rows } = await db.run(`SELECT ${BILL_LINE} FROM bills ORDER BY day DESC LIMIT ${DAYS}`)
  return rows.map(billLineFromRow)
}

/** Reads a row with the columns {@link BILL_LINE}. */
export const billLineFromRow = (row: Row): BillLine => ({
  bill: billFromRow(row),
  differences: integer(row, 'differences'),
})

/** Reads the first differences of a day, with the last review about each. */
export async function readDifferences(
  db: Database,
  day: BeijingDay,
  limit: number,
): Promise<readonly ReportedDifference[]> {
  const [listed] = await db.batch([firstDifferences(day, limit)])
  return (listed?.rows ?? []).map(reportedFromRow)
}
