/** The figures of `/metrics`, in one round trip. Every part is bounded by a LIMIT on an index. */
import { dayOf, parseDay, startOf } from '../../core/day.ts'
import type { Source } from '../../core/order/payment.ts'
import type { RefundState } from '../../core/order/refund.ts'
import type { ReviewKind } from '../../core/review.ts'
import { HOUR_S, later, type UnixSeconds } from '../../core/time.ts'
import { COUNTED_MAX, type Figures, NEWEST_MAX } from '../../ports/metrics-store.ts'
import { integer, optionalInteger, optionalText, text } from '../d1/columns.ts'
import type { Database, Row } from '../d1/database.ts'
import { statement } from '../d1/sql.ts'
import { QUEUED } from '../new-deliveries.ts'

const capped = (from: string): string =>
  `(SELECT count(*) FROM (SELECT 1 FROM ${from} LIMIT ${COUNTED_MAX}))`

/** Counts rows by one column. */
const countedBy = (column: string, from: string, limit: number): string =>
  `SELECT ${column} AS name, count(*) AS count FROM (SELECT ${column} FROM ${from} LIMIT ${limit})
   WHERE name IS NOT NULL GROUP BY 1 ORDER BY 1`

/** The newest payments: a bill marks those of the days before, so those of today have none. */
const NEWEST = `payments WHERE billed_on IS NULL AND paid_at >= ? ORDER BY paid_at DESC`

/** Reads the figures. */
export async function readFigures(db: Database, now: UnixSeconds): Promise<Figures> {
  const [facts, reviews, refunds, newest] = await db.batch([
    statement(
      `SELECT day.*, (SELECT finished_at - started_at FROM (SELECT * FROM runs ORDER BY id DESC LIMIT 10)
           WHERE finished_at IS NOT NULL ORDER BY id DESC LIMIT 1) AS last_run_s,
         ${capped(QUEUED)} AS pending,
         ${capped("deliveries INDEXED BY deliveries_given_up WHERE state = 'given_up'")} AS given_up,
         ${capped('bill_differences INDEXED BY bill_differences_open WHERE outcome IS NULL')} AS differences,
         (SELECT day FROM (SELECT day, state FROM bills ORDER BY day DESC LIMIT 10)
           WHERE state = 'reconciled' ORDER BY day DESC LIMIT 1) AS last_bill
       FROM (SELECT 1) LEFT JOIN days AS day ON day.day = ?`,
      dayOf(now),
    ),
    statement(
      countedBy('kind', 'reviews INDEXED BY reviews_open WHERE resolved_at IS NULL', COUNTED_MAX),
    ),
    statement(
      countedBy('state', 'refunds INDEXED BY refunds_due WHERE due_at IS NOT NULL', COUNTED_MAX),
    ),
    statement(countedBy('found_by', NEWEST, NEWEST_MAX), later(now, -HOUR_S)),
  ])
  const row = facts?.rows[0] ?? {}
  const lastBill = parseDay(optionalText(row, 'last_bill') ?? '')
  const sum = (column: string): number => optionalInteger(row, column) ?? 0
  return {
    lastRunS: optionalInteger(row, 'last_run_s'),
    openReviews: countsIn<ReviewKind>(reviews?.rows ?? []),
    webhooksPending: integer(row, 'pending'),
    webhooksGivenUp: integer(row, 'given_up'),
    openRefunds: countsIn<RefundState>(refunds?.rows ?? []),
    today: {
      payments: sum('payments'),
      paidFee: sum('paid_fee'),
      refunds: sum('refunds'),
      refundedFee: sum('refunded_fee'),
    },
    newest: countsIn<Source>(newest?.rows ?? []),
    lastBill: lastBill === undefined ? undefined : startOf(lastBill),
    openDifferences: integer(row, 'differences'),
  }
}

const countsIn = <Name extends string>(rows: readonly Row[]): ReadonlyMap<Name, number> =>
  new Map(rows.map((row) => [text(row, 'name') as Name, integer(row, 'count')]))
