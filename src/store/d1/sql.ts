import type { Statement, Value } from './database.ts'

/** A condition that every statement of a batch carries, so that all take effect or none. */
export type Guard = Readonly<{ sql: string; params: readonly Value[] }>

/** The day in Beijing of a time in Unix seconds, as in `2026-11-22`. */
export const beijingDay = (at: string): string => `date(${at} + 28800, 'unixepoch')`

export const statement = (sql: string, ...params: readonly Value[]): Statement => ({ sql, params })

/** `INSERT` of one row, if the guard holds. Column names are ours, values are bound. */
export function insertIf(
  table: string,
  row: Readonly<Record<string, Value>>,
  guard: Guard,
): Statement {
  const columns = Object.keys(row)
  const holes = columns.map(() => '?').join(', ')
  return {
    sql: `INSERT INTO ${table} (${columns.join(', ')}) SELECT ${holes} WHERE ${guard.sql}`,
    params: [...Object.values(row), ...guard.params],
  }
}

/** The same for what is told: a fact that was told already, whenever that was, is not told again. */
export function insertOnce(
  table: 'deliveries' | 'reviews',
  row: Readonly<Record<string, Value>>,
  guard: Guard,
): Statement {
  const { sql, params } = insertIf(table, row, guard)
  return { sql: `${sql} ON CONFLICT (id) DO NOTHING`, params }
}

/**
 * `UPDATE` of the columns that differ, if the guard holds. Columns that stay are left out: naming one
 * in an index would write the index again.
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
