/** What the first page of the console shows, in one round trip. */
import type { BeijingDay } from '../../core/day.ts'
import { toFen } from '../../core/money.ts'
import { COUNT_MAX, type DaySums, type Overview } from '../../ports/list-store.ts'
import { integer, optionalTime, text } from '../d1/columns.ts'
import type { Database, Row } from '../d1/database.ts'
import { beijingDay, statement } from '../d1/sql.ts'
import { NEW, QUEUED } from '../new-deliveries.ts'
import { reviewFromRow } from '../reviews.ts'
import { runFromRow } from '../runs.ts'
import { BILL_LINE, billLineFromRow } from './bills.ts'
import { LINE, lineFromRow } from './orders.ts'

const RUNS = 60
const REVIEWS = 5
const LATEST = 8

/** SQL that counts rows up to {@link COUNT_MAX}. */
const capped = (from: string): string =>
  `(SELECT count(*) FROM (SELECT 1 FROM ${from} LIMIT ${COUNT_MAX}))`

const OPEN_REVIEWS = capped('reviews INDEXED BY reviews_open WHERE resolved_at IS NULL')

/** The latest payments: those that no bill contains yet, and those of the last day that has a bill. */
const LATEST_PAYMENTS = ['billed_on IS NULL', 'billed_on = (SELECT max(billed_on) FROM payments)']
  .map(
    (which) =>
      `SELECT * FROM (SELECT ordercode, paid_at FROM payments WHERE ${which} ORDER BY paid_at DESC LIMIT ${LATEST})`,
  )
  .join(' UNION ALL ')

/** How many webhooks that the cron has not taken up yet are looked at for payments. */
const NEW_MAX = 40

/** The sums of payments that the cron has not added to `days` yet. */
const NEW_PAYMENTS = `SELECT ${beijingDay('paid_at')}, 1, total_fee, 0, 0
  FROM (SELECT * FROM ${NEW} ORDER BY created_at DESC LIMIT ${NEW_MAX}) AS latest
  CROSS JOIN payments ON payments.transaction_id = latest.subject
  WHERE latest.type = 'order.paid' AND payments.sum_at = latest.created_at AND payments.returned = 0`

/** Reads the overview. Every part is bounded by a LIMIT on an index. */
export async function readOverview(
  db: Database,
  from: BeijingDay,
  yesterday: BeijingDay,
): Promise<Overview> {
  const [days, counts, reviews, runs, bill, latest] = await db.batch([
    statement(
      `SELECT day, sum(payments) AS payments, sum(paid_fee) AS paid_fee, sum(refunds) AS refunds,
         sum(refunded_fee) AS refunded_fee
       FROM (SELECT * FROM days WHERE day >= ?1 UNION ALL ${NEW_PAYMENTS}) WHERE day >= ?1
       GROUP BY day ORDER BY day LIMIT 32`,
      from,
    ),
    statement(
      `SELECT ${capped('orders INDEXED BY orders_due WHERE due_at IS NOT NULL')} AS unpaid,
         (SELECT expires_at FROM orders INDEXED BY orders_due WHERE due_at IS NOT NULL ORDER BY due_at LIMIT 1) AS expiry,
         ${capped(QUEUED)} AS waiting,
         ${capped("deliveries INDEXED BY deliveries_given_up WHERE state = 'given_up'")} AS given_up,
         ${capped('refunds INDEXED BY refunds_due WHERE due_at IS NOT NULL')} AS moving,
         ${OPEN_REVIEWS} AS reviews`,
    ),
    statement(
      `SELECT * FROM reviews INDEXED BY reviews_open WHERE resolved_at IS NULL
       ORDER BY opened_at DESC, id DESC LIMIT ${REVIEWS}`,
    ),
    statement(
      `SELECT * FROM runs WHERE id < ${Number.MAX_SAFE_INTEGER} ORDER BY id DESC LIMIT ${RUNS}`,
    ),
    statement(`SELECT ${BILL_LINE} FROM bills WHERE day = ?`, yesterday),
    statement(
      `SELECT ${LINE} FROM (SELECT DISTINCT ordercode FROM (
         SELECT * FROM (${LATEST_PAYMENTS}) ORDER BY paid_at DESC LIMIT ${LATEST})) AS latest
       JOIN orders ON orders.ordercode = latest.ordercode ORDER BY orders.paid_at DESC`,
    ),
  ])
  const row = counts?.rows[0] ?? {}
  const [billRow] = bill?.rows ?? []
  return {
    days: (days?.rows ?? []).map(sumsFromRow),
    unpaid: integer(row, 'unpaid'),
    nextExpiry: optionalTime(row, 'expiry'),
    webhooksWaiting: integer(row, 'waiting'),
    webhooksGivenUp: integer(row, 'given_up'),
    refundsMoving: integer(row, 'moving'),
    openReviews: integer(row, 'reviews'),
    reviews: (reviews?.rows ?? []).map(reviewFromRow),
    runs: (runs?.rows ?? []).map(runFromRow),
    bill: billRow === undefined ? undefined : billLineFromRow(billRow),
    latest: (latest?.rows ?? []).map(lineFromRow),
  }
}

/** Counts the open reviews, up to {@link COUNT_MAX}. */
export async function countOpenReviews(db: Database): Promise<number> {
  const { rows } = await db.run(`SELECT ${OPEN_REVIEWS} AS reviews`)
  return integer(rows[0] ?? {}, 'reviews')
}

const sumsFromRow = (row: Row): DaySums => ({
  day: text(row, 'day') as BeijingDay,
  payments: integer(row, 'payments'),
  paidFee: toFen(integer(row, 'paid_fee')),
  refunds: integer(row, 'refunds'),
  refundedFee: toFen(integer(row, 'refunded_fee')),
})
