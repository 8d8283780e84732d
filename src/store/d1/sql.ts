import type { Statement, Value } from './database.ts'

/** A condition that every statement of a batch carries, so that all take effect or none. */
export type Guard = Readonly<{ sql: string; params: readonly Value[] }>

/** SQL for the Beijing day, as in `2026-11-22`. `at` is an SQL expression in Unix seconds. */
export const beijingDay = (at: string): string => `date(${at} + 28800, 'unixepoch')`

/** Pairs SQL with the values of its placeholders, in order. */
export const statement = (sql: string, ...params: readonly Value[]): Statement => ({ sql, params })

/** `INSERT` of one row, if the guard holds. Column names must be constants of our code; values are bound. */
export function insertIf(
  table: string,
  row: Readonly<Record<string, Value>>,
  guard: Guard,
): Statement {
  const columns = Object.keys(row)
  const placeholders = columns.map(() => '?').join(', ')
  return {
    sql: `INSERT INTO ${table} (${columns.join(', ')}) SELECT ${placeholders} WHERE ${guard.sql}`,
    params: [...Object.values(row), ...guard.params],
  }
}

/** Like {@link insertIf}, but inserts at most once per id, so that a webhook or review is never repeated. */
export function insertOnce(
  table: 'deliveries' | 'reviews',
  row: Readonly<Record<string, Value>>,
  guard: Guard,
): Statement {
  const { sql, params } = insertIf(table, row, guard)
  return { sql: `${sql} ON CONFLICT (id) DO NOTHING`, params }
}

/**
 * `UPDATE` of the columns that differ between `before` and `after`, if the guard holds. Unchanged columns
 * are left out, because naming an indexed column would write its index again. A column that is undefined in
 * `before` is always written.
 *
 * @param key The columns that identify the row.
 */
export function updateIf(
  table: string,
  before: Readonly<Record<string, Value | undefined>>,
  after: Readonly<Record<string, Value>>,
  key: readonly string[],
  guard: Guard,
): Statement {
  const columns = Object.keys(after).filter((column) => after[column] !== before[column])
  const assignments = columns.map((column) => `${column} = ?`).join(', ')
  const where = key.map((column) => `${column} = ?`).join(' AND ')
  return {
    sql: `UPDATE ${table} SET ${assignments} WHERE ${where} AND ${guard.sql}`,
    params: [...columns, ...key].map((column) => after[column] ?? null).concat(guard.params),
  }
}
