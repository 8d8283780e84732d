/**
 * Work that is due. A row is leased by moving its `due_at` ahead in the statement that reads it, so two
 * crons at once never hold the same row, and a run that dies gives it back by itself.
 */
import { later, type UnixSeconds } from '../core/time.ts'
import type { Claimed, ClaimLimits, NextDue } from '../service/ports.ts'
import type { Database, Statement } from './database.ts'
import { integer, text } from './rows.ts'
import { statement } from './sql.ts'

/** Longer than a run can take: 40 calls, several at a time, each with two deadlines of 8 s. */
const LEASE_S = 180

export async function claim(db: Database, now: UnixSeconds, limits: ClaimLimits): Promise<Claimed> {
  const leaseUntil = later(now, LEASE_S)
  const [orders, attempts] = await db.batch([
    statement(
      `UPDATE orders SET due_at = ?1 WHERE ordercode IN
         (SELECT ordercode FROM orders WHERE due_at <= ?2 ORDER BY due_at LIMIT ?3)
       RETURNING ordercode`,
      leaseUntil,
      now,
      limits.orders,
    ),
    statement(
      `UPDATE attempts SET due_at = ?1 WHERE (ordercode, number) IN
         (SELECT ordercode, number FROM attempts WHERE due_at <= ?2 ORDER BY due_at LIMIT ?3)
       RETURNING ordercode, number`,
      leaseUntil,
      now,
      limits.attempts,
    ),
  ])
  return {
    leaseUntil,
    orders: (orders?.rows ?? []).map((row) => text(row, 'ordercode')),
    attempts: (attempts?.rows ?? []).map((row) => ({
      ordercode: text(row, 'ordercode'),
      number: integer(row, 'number'),
    })),
  }
}

/** One statement for all orders and one for all attempts, however many. */
export async function reschedule(
  db: Database,
  claimed: Claimed,
  next: readonly NextDue[],
): Promise<void> {
  const orders = next.filter(({ number }) => number === undefined)
  const attempts = next.filter(({ number }) => number !== undefined)
  const statements: Statement[] = []
  if (orders.length > 0) {
    statements.push(
      statement(
        `UPDATE orders SET due_at = json_extract(value, '$.dueAt') FROM json_each(?1)
         WHERE ordercode = json_extract(value, '$.ordercode') AND due_at = ?2`,
        JSON.stringify(orders),
        claimed.leaseUntil,
      ),
    )
  }
  if (attempts.length > 0) {
    statements.push(
      statement(
        `UPDATE attempts SET due_at = json_extract(value, '$.dueAt') FROM json_each(?1)
         WHERE ordercode = json_extract(value, '$.ordercode')
           AND number = json_extract(value, '$.number') AND due_at = ?2`,
        JSON.stringify(attempts),
        claimed.leaseUntil,
      ),
    )
  }
  if (statements.length > 0) await db.batch(statements)
}
