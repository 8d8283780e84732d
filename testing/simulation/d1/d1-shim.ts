/** D1's interface over SQLite in this process, with the same rows and the same error messages. */
import type { BoundSql, Ran, Sqlite, SqlRow } from './sqlite.ts'

/**
 * Every D1 call passes through a gate. `run` executes the call's statements immediately. The gate decides when to call `run`,
 * and what the Worker gets: the result, an error or no answer.
 *
 * @param label The name of the call in a trace, for example `INSERT payments`.
 * @param statements The statements of the call; none for `exec`.
 */
export type Gate = (
  label: string,
  run: () => Ran[],
  statements: readonly BoundSql[],
) => Promise<Ran[]>

/** Lets D1 calls pass without delays and faults, for tests of the store. */
const open: Gate = (_label, run) => Promise.resolve().then(run)

/** D1 over SQLite. @param gate By default a gate without delays and faults. */
export function d1Shim(sqlite: Sqlite, gate: Gate = open): D1Database {
  return new ShimDatabase(sqlite, gate)
}

class ShimDatabase implements D1Database {
  readonly #sqlite: Sqlite
  readonly #gate: Gate

  constructor(sqlite: Sqlite, gate: Gate) {
    this.#sqlite = sqlite
    this.#gate = gate
  }

  prepare(query: string): D1PreparedStatement {
    return new ShimStatement(this.#sqlite, this.#gate, { sql: query, values: [] })
  }

  async batch<T = unknown>(statements: D1PreparedStatement[]): Promise<D1Result<T>[]> {
    const bound = statements.map(ShimStatement.boundOf)
    const label = bound.map(({ sql }) => this.#sqlite.label(sql)).join(', ')
    const ran = await this.#gate(label, () => this.#sqlite.batch(bound), bound)
    return ran.map((each) => resultOf<T>(each))
  }

  async exec(query: string): Promise<D1ExecResult> {
    const run = () => {
      this.#sqlite.exec(query)
      return []
    }
    await this.#gate('EXEC', run, [])
    return { count: 1, duration: 0 }
  }

  withSession(): D1DatabaseSession {
    return {
      prepare: (query) => this.prepare(query),
      batch: (statements) => this.batch(statements),
      getBookmark: () => null,
    }
  }

  dump(): Promise<ArrayBuffer> {
    return Promise.reject(new Error('D1_ERROR: dump is not supported'))
  }
}

class ShimStatement implements D1PreparedStatement {
  readonly #sqlite: Sqlite
  readonly #gate: Gate
  readonly #bound: BoundSql

  constructor(sqlite: Sqlite, gate: Gate, bound: BoundSql) {
    this.#sqlite = sqlite
    this.#gate = gate
    this.#bound = bound
  }

  static boundOf(this: void, statement: D1PreparedStatement): BoundSql {
    if (statement instanceof ShimStatement) return statement.#bound
    throw new TypeError('a batch takes only statements of the same database')
  }

  bind(...values: unknown[]): D1PreparedStatement {
    return new ShimStatement(this.#sqlite, this.#gate, { ...this.#bound, values })
  }

  async run<T = Record<string, unknown>>(): Promise<D1Result<T>> {
    return resultOf<T>(await this.#once())
  }

  async all<T = Record<string, unknown>>(): Promise<D1Result<T>> {
    return resultOf<T>(await this.#once())
  }

  first<T = unknown>(colName: string): Promise<T | null>
  first<T = Record<string, unknown>>(): Promise<T | null>
  async first<T>(colName?: string): Promise<T | null> {
    const [row] = (await this.#once()).rows
    if (row === undefined) return null
    if (colName === undefined) return row as T
    if (!(colName in row)) throw new Error(`D1_COLUMN_NOTFOUND: ${colName}`)
    return row[colName] as T
  }

  raw<T = unknown[]>(options: { columnNames: true }): Promise<[string[], ...T[]]>
  raw<T = unknown[]>(options?: { columnNames?: false }): Promise<T[]>
  async raw<T>(options?: { columnNames?: boolean }): Promise<unknown> {
    const { rows } = await this.#once()
    const values = rows.map((row) => Object.values(row) as T)
    return options?.columnNames === true ? [Object.keys(rows[0] ?? {}), ...values] : values
  }

  async #once(): Promise<Ran> {
    const label = this.#sqlite.label(this.#bound.sql)
    const run = () => [this.#sqlite.run(this.#bound)]
    const [ran] = await this.#gate(label, run, [this.#bound])
    return ran ?? { rows: [], changes: 0, lastRowId: 0 }
  }
}

function resultOf<T>({ rows, changes, lastRowId }: Ran): D1Result<T> {
  return {
    success: true,
    results: rows.map((row: SqlRow) => ({ ...row }) as T),
    meta: {
      duration: 0,
      size_after: 0,
      // SQLite does not report rows read and written. Tests over this shim must not rely on them.
      rows_read: 0,
      rows_written: 0,
      last_row_id: lastRowId,
      changed_db: changes > 0,
      changes,
    },
  }
}
