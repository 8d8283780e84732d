/**
 * Estimates the rows that D1 counts as written: SQLite does not report them. A changed row counts once, and once more for each
 * index that the statement may touch. An entry that a partial index leaves out counts, too, so the estimate is an upper bound.
 */
import type { Sqlite } from '../../simulation/d1/sqlite.ts'

type Kind = Readonly<{ verb: 'INSERT' | 'UPDATE' | 'DELETE'; table: string; columns: string[] }>

const WRITE = /^\s*(INSERT|UPDATE|DELETE)\b(?:\s+OR\s+\w+)?(?:\s+INTO|\s+FROM)?\s+(\w+)/i
const ASSIGNMENTS = /\bSET\b([^]*?)(?:\bWHERE\b|\bRETURNING\b|$)/i

/** Knows the indexes of the tables, and how many rows a change of each kind writes. */
export class RowsWritten {
  readonly #indexes = new Map<string, string[]>()
  readonly #perChange = new Map<string, number>()

  constructor(sqlite: Sqlite) {
    const found = sqlite.read(
      "SELECT tbl_name, sql FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL",
    )
    for (const { tbl_name: table, sql } of found) {
      const of = this.#indexes.get(String(table)) ?? []
      // The text from the opening parenthesis on names the columns of the index and of its condition.
      this.#indexes.set(String(table), [...of, String(sql).slice(String(sql).indexOf('('))])
    }
  }

  /** @param changes How many rows the statement has changed. */
  of(sql: string, changes: number): number {
    if (changes === 0) return 0
    const perChange = this.#perChange.get(sql) ?? this.#read(sql)
    this.#perChange.set(sql, perChange)
    return changes * perChange
  }

  #read(sql: string): number {
    const kind = kindOf(sql)
    if (kind === undefined) return 1
    const indexes = this.#indexes.get(kind.table) ?? []
    if (kind.verb !== 'UPDATE') return 1 + indexes.length
    const isTouched = (index: string): boolean =>
      kind.columns.some((column) => new RegExp(`\\b${column}\\b`).test(index))
    return 1 + indexes.filter(isTouched).length
  }
}

function kindOf(sql: string): Kind | undefined {
  const [, verb, table] = WRITE.exec(sql) ?? []
  if (verb === undefined || table === undefined) return undefined
  const [, assignments = ''] = ASSIGNMENTS.exec(sql) ?? []
  const columns = [...assignments.matchAll(/(?:^|,)\s*(\w+)\s*=/g)].map(([, column = '']) => column)
  return { verb: verb.toUpperCase() as Kind['verb'], table, columns }
}
