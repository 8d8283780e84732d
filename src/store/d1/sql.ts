import { REVISIONS_PER_SECOND } from '../../core/order/order.ts'
import type { Statement, Value } from './database.ts'

/** An SQL expression with its values. */
export type Expression = Readonly<{ sql: string; params: readonly Value[] }>

/** An SQL condition with its values. Each statement of a batch carries it, so that all take effect or none. */
export type Guard = Expression

/** A guard that is always true. */
export const ALWAYS: Guard = { sql: 'true', params: [] }

/** A guard that is true if both are. */
export const both = (a: Guard, b: Guard): Guard => ({
  sql: `(${a.sql}) AND (${b.sql})`,
  params: [...a.params, ...b.params],
})

/** SQL for the Beijing day of a time, such as `2026-11-22`. @param at An SQL expression for Unix seconds. */
export const beijingDay = (at: string): string => `date(${at} + 28800, 'unixepoch')`

/**
 * SQL for the next revision of a row of `orders`, as `nextRevision` in `core/order/order.ts` computes it.
 *
 * @param revision An SQL expression for the present revision.
 */
export const nextRevision = (revision: string): string =>
  `max(${revision} + 1, ${REVISIONS_PER_SECOND} * coalesce((SELECT max(requested_at) FROM recoveries), 0))`

/** A placeholder for each value. D1 allows 100 values in one statement. */
export const placeholders = (values: readonly unknown[]): string => values.map(() => '?').join(', ')

/** Pairs an SQL text with the values of its placeholders, in order. */
export const statement = (sql: string, ...params: readonly Value[]): Statement => ({ sql, params })

/**
 * Builds an `INSERT` that inserts one row if the guard is true. Column names and expressions become part of the
 * SQL, so they must be constants of our code; values are bound.
 *
 * @param from The table that expressions and guard read from; one row for each of its rows is inserted.
 */
export function insertIf(
  table: string,
  row: Readonly<Record<string, Value | Expression>>,
  guard: Guard,
  from?: string,
): Statement {
  const cells = Object.values(row).map(toExpression)
  const selected = cells.map(({ sql }) => sql).join(', ')
  const source = from === undefined ? '' : ` FROM ${from}`
  return {
    sql: `INSERT INTO ${table} (${Object.keys(row).join(', ')})
      SELECT ${selected}${source} WHERE ${guard.sql}`,
    params: [...cells.flatMap(({ params }) => params), ...guard.params],
  }
}

const toExpression = (cell: Value | Expression): Expression =>
  typeof cell === 'object' && cell !== null ? cell : { sql: '?', params: [cell] }

/** Like {@link insertIf}, but inserts no webhook whose id exists, so that no webhook is repeated. */
export function insertOnce(
  table: 'deliveries',
  row: Readonly<Record<string, Value | Expression>>,
  guard: Guard,
  from?: string,
): Statement {
  const { sql, params } = insertIf(table, row, guard, from)
  return { sql: `${sql} ON CONFLICT (id) DO NOTHING`, params }
}

/**
 * Builds an `UPDATE` that writes one row if the guard is true. It sets only columns that differ between
 * `before` and `after`, because setting an indexed column writes its index again, even to the same value. A
 * column that is undefined in `before` is always set.
 *
 * @param key The columns that identify the row.
 */
export function updateIf(
  table: string,
  before: Readonly<Record<string, Value | undefined>>,
  after: Readonly<Record<string, Value | Expression>>,
  key: readonly string[],
  guard: Guard,
): Statement {
  const columns = Object.keys(after).filter((column) => after[column] !== before[column])
  const cells = columns.map((column) => toExpression(after[column] ?? null))
  const assignments = columns.map((column, at) => `${column} = ${cells[at]?.sql}`).join(', ')
  const keys = key.map((column) => toExpression(after[column] ?? null))
  const where = key.map((column, at) => `${column} = ${keys[at]?.sql}`).join(' AND ')
  return {
    sql: `UPDATE ${table} SET ${assignments} WHERE ${where} AND ${guard.sql}`,
    params: [...[...cells, ...keys].flatMap(({ params }) => params), ...guard.params],
  }
}
