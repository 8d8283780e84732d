/** Deletes old rows, and walks through those of earlier versions, in steps that a run of the cron can afford. */
import type { UnixSeconds } from '../core/time.ts'
import { text } from './d1/columns.ts'
import type { Database, Statement } from './d1/database.ts'
import { beijingDay, type Guard, statement } from './d1/sql.ts'
import { TAKEN_UP } from './new-deliveries.ts'

/** The position of a walk that is over: it sorts after every key. */
const OVER = '\u{10FFFF}'

/**
 * Deletes up to `limit` webhooks created before `before` whose state is `delivered` or `no_target`. The walk remembers
 * where the first one is when older ones are kept, because they were given up: they are not read again. What the cron has not taken
 * up is kept.
 */
export async function sweepDeliveries(
  db: Database,
  before: UnixSeconds,
  limit: number,
): Promise<void> {
  const swept = "(SELECT cast(position AS INTEGER) FROM walks WHERE name = 'deliveries.swept')"
  const end = `min(?1, ${TAKEN_UP} + 1)`
  const old = `FROM deliveries INDEXED BY deliveries_created
    WHERE created_at >= coalesce(${swept}, 0) AND created_at < ${end} AND state IN ('delivered', 'no_target')
    ORDER BY created_at`
  await db.batch([
    statement(`DELETE FROM deliveries WHERE id IN (SELECT id ${old} LIMIT ?2)`, before, limit),
    statement(
      `INSERT INTO walks (name, position)
       SELECT 'deliveries.swept', cast(cast(first AS INTEGER) AS TEXT)
       FROM (SELECT coalesce((SELECT created_at ${old} LIMIT 1), ${end}) AS first)
       WHERE EXISTS (SELECT 1 FROM deliveries WHERE created_at >= coalesce(${swept}, 0) AND created_at < first)
       ON CONFLICT (name) DO UPDATE SET position = excluded.position`,
      before,
    ),
  ])
}

/** Looks at the next `limit` webhooks, by id, and drops the bodies of delivered ones. */
export const dropBodies = (db: Database, limit: number): Promise<void> =>
  stepOf(db, 'deliveries.bodies', 'deliveries', 'id', limit, (range) => [
    {
      sql: `UPDATE deliveries SET body = NULL WHERE ${range.sql} AND state = 'delivered' AND body IS NOT NULL`,
      params: range.params,
    },
  ])

/** Adds the next `limit` payments, by transaction_id, that the triggers of `days` leave to the walk. */
export const addPayments = (db: Database, limit: number): Promise<void> =>
  stepOf(db, 'days.payments', 'payments', 'transaction_id', limit, (range) => [
    {
      sql: `INSERT INTO days (day, payments, paid_fee)
            SELECT ${beijingDay('paid_at')}, count(*), sum(total_fee) FROM payments
            WHERE ${range.sql} AND returned = 0 AND sum_at IS NULL GROUP BY 1
            ON CONFLICT (day) DO UPDATE SET payments = payments + excluded.payments,
              paid_fee = paid_fee + excluded.paid_fee`,
      params: range.params,
    },
  ])

/** Adds the next `limit` refunds, by out_refund_no, that the triggers of `days` leave to the walk. */
export const addRefunds = (db: Database, limit: number): Promise<void> =>
  stepOf(db, 'days.refunds', 'refunds', 'out_refund_no', limit, (range) => [
    {
      sql: `INSERT INTO days (day, refunds, refunded_fee)
            SELECT ${beijingDay('ended_at')}, count(*), sum(refund_fee) FROM refunds
            WHERE ${range.sql} AND state = 'succeeded' GROUP BY 1
            ON CONFLICT (day) DO UPDATE SET refunds = refunds + excluded.refunds,
              refunded_fee = refunded_fee + excluded.refunded_fee`,
      params: range.params,
    },
  ])

/**
 * Takes one step of a walk through a table. What the step writes and its new position are one batch under one guard, so
 * that every row is done once, even if the step is taken twice.
 *
 * @param work The statements for the rows of a range of keys.
 */
async function stepOf(
  db: Database,
  name: string,
  table: string,
  key: string,
  limit: number,
  work: (range: Guard) => readonly Statement[],
): Promise<void> {
  const { rows } = await db.run(
    `SELECT position, (
       SELECT max(${key}) FROM (SELECT ${key} FROM ${table} WHERE ${key} > position ORDER BY ${key} LIMIT ?2)
     ) AS last FROM walks WHERE name = ?1 AND position < ?3`,
    name,
    limit,
    OVER,
  )
  const [row] = rows
  if (row === undefined) return
  const from = text(row, 'position')
  const to = row['last'] === null ? OVER : text(row, 'last')
  const range: Guard = {
    sql: `${key} > ? AND ${key} <= ? AND EXISTS (SELECT 1 FROM walks WHERE name = ? AND position = ?)`,
    params: [from, to, name, from],
  }
  await db.batch([
    ...work(range),
    statement('UPDATE walks SET position = ? WHERE name = ? AND position = ?', to, name, from),
  ])
}
