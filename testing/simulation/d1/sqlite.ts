/** The simulation's database: SQLite in memory with the real migrations, whose errors have D1's messages. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync, type SQLOutputValue, type StatementSync } from 'node:sqlite'
import { isTransactionControl, readSql, type SqlText } from './sql-text.ts'

/** A value that can be bound to a placeholder of an SQL statement. */
export type SqlValue = string | number | null | Uint8Array
/** A row that SQLite returned, as values by column names. */
export type SqlRow = Record<string, SQLOutputValue>
/** What running one SQL statement returned and changed. */
export type Ran = Readonly<{ rows: SqlRow[]; changes: number; lastRowId: number }>
/** An SQL statement with the values of its placeholders. */
export type BoundSql = Readonly<{ sql: string; values: readonly unknown[] }>

const PARAMETERS_MAX = 100
const MIGRATIONS = join(import.meta.dirname, '../../../src/store/migrations')

/** SQLite's result codes, with the names that D1 shows. */
const CODE_NAMES: Readonly<Record<number, string>> = {
  1: 'SQLITE_ERROR',
  19: 'SQLITE_CONSTRAINT',
  20: 'SQLITE_MISMATCH',
  25: 'SQLITE_RANGE',
  275: 'SQLITE_CONSTRAINT_CHECK',
  787: 'SQLITE_CONSTRAINT_FOREIGNKEY',
  1299: 'SQLITE_CONSTRAINT_NOTNULL',
  1555: 'SQLITE_CONSTRAINT_PRIMARYKEY',
  1811: 'SQLITE_CONSTRAINT_TRIGGER',
  2067: 'SQLITE_CONSTRAINT_UNIQUE',
  2579: 'SQLITE_CONSTRAINT_ROWID',
  3091: 'SQLITE_CONSTRAINT_DATATYPE',
}

type Prepared = Readonly<{ text: SqlText; statement: StatementSync; hasRows: boolean }>

/** Runs statements by D1's rules. @throws Error with D1's message when a statement fails. */
export class Sqlite {
  readonly #db = new DatabaseSync(':memory:', { enableForeignKeyConstraints: true })
  readonly #prepared = new Map<string, Prepared>()
  readonly #changes: StatementSync
  readonly #begin: StatementSync
  readonly #commit: StatementSync

  /** Creates the tables. @param migrations SQL texts that are run in order; by default the Worker's migrations. */
  constructor(migrations: readonly string[] = workerMigrations()) {
    for (const sql of migrations) this.#db.exec(sql)
    this.#changes = this.#db.prepare('SELECT changes() AS n')
    this.#begin = this.#db.prepare('BEGIN IMMEDIATE')
    this.#commit = this.#db.prepare('COMMIT')
  }

  /** Runs all statements in one transaction. */
  batch(statements: readonly BoundSql[]): Ran[] {
    this.#begin.run()
    try {
      const ran = statements.map((statement) => this.run(statement))
      this.#commit.run()
      return ran
    } catch (error) {
      this.#db.exec('ROLLBACK')
      throw error
    }
  }

  /** Runs one statement. Prepared statements are cached by their text. */
  run({ sql, values }: BoundSql): Ran {
    try {
      const { text, statement, hasRows } = this.#prepare(sql)
      const bound = values.map(toSqlValue)
      if (bound.length > PARAMETERS_MAX) throw new Error('too many SQL variables: SQLITE_ERROR')
      if (bound.length !== text.parameters) {
        throw new Error('Wrong number of parameter bindings for SQL query.')
      }
      if (!hasRows) {
        const { changes, lastInsertRowid } = statement.run(...bound)
        return { rows: [], changes: Number(changes), lastRowId: Number(lastInsertRowid) }
      }
      const rows: SqlRow[] = statement.all(...bound)
      const changes = text.readOnly ? 0 : Number(this.#changes.get()?.['n'])
      return { rows, changes, lastRowId: 0 }
    } catch (error) {
      throw asD1Error(error)
    }
  }

  /** Reads rows without D1's rules, for checks, and for tests that change the tables behind the Worker's back. */
  read(sql: string, ...values: SqlValue[]): SqlRow[] {
    return this.#db.prepare(sql).all(...values)
  }

  /** Runs several SQL statements, which may break the rules that D1 has for statements. */
  exec(sql: string): void {
    this.#db.exec(sql)
  }

  /** Copies the rows of every table. @returns a function that restores them, as D1's time travel does. */
  copy(): () => void {
    const tables = this.read(
      "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
    ).map(({ name }) => String(name))
    const copies = tables.map((table) => [table, this.read(`SELECT * FROM ${table}`)] as const)
    return () => {
      const triggers = this.read("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'")
      this.exec('PRAGMA foreign_keys = OFF')
      this.exec('BEGIN IMMEDIATE')
      for (const { name } of triggers) this.exec(`DROP TRIGGER ${String(name)}`)
      for (const [table, rows] of copies) {
        this.exec(`DELETE FROM ${table}`)
        const [first] = rows
        if (first === undefined) continue
        const columns = Object.keys(first)
        const marks = columns.map(() => '?').join(', ')
        const insert = this.#db.prepare(
          `INSERT INTO ${table} (${columns.join(', ')}) VALUES (${marks})`,
        )
        for (const row of rows) insert.run(...columns.map((column) => row[column] ?? null))
      }
      for (const { sql } of triggers) this.exec(String(sql))
      this.exec('COMMIT')
      this.exec('PRAGMA foreign_keys = ON')
    }
  }

  label(sql: string): string {
    return readSql(sql).label
  }

  close(): void {
    this.#db.close()
  }

  #prepare(sql: string): Prepared {
    const known = this.#prepared.get(sql)
    if (known !== undefined) return known
    const text = readSql(sql)
    // D1 would run all statements of one text and return the last result. The Worker must never rely on that, so the text is
    // refused.
    if (text.several) throw new Error('several statements in one prepare: SQLITE_ERROR')
    if (isTransactionControl(sql)) {
      throw new Error('To execute a transaction, please use the state.storage.transaction() API')
    }
    const statement = this.#db.prepare(sql)
    const prepared = { text, statement, hasRows: statement.columns().length > 0 }
    this.#prepared.set(sql, prepared)
    return prepared
  }
}

let texts: readonly string[] | undefined

/** The texts of all files in `src/store/migrations`, in order. */
export function workerMigrations(): readonly string[] {
  texts ??= readdirSync(MIGRATIONS)
    .filter((name) => name.endsWith('.sql'))
    .sort()
    .map((name) => readFileSync(join(MIGRATIONS, name), 'utf8'))
  return texts
}

/** Converts a value as D1 does, and refuses other types. Numbers reach SQLite as REAL, as in D1. */
function toSqlValue(value: unknown): SqlValue {
  if (value === null || typeof value === 'string' || typeof value === 'number') return value
  if (typeof value === 'boolean') return value ? 1 : 0
  if (value instanceof ArrayBuffer) return new Uint8Array(value)
  if (value instanceof Uint8Array) return value
  const shown = typeof value === 'bigint' ? value.toString() : JSON.stringify(value)
  throw new D1TypeError(`Type '${typeof value}' not supported for value '${shown}'`)
}

class D1TypeError extends Error {}

function asD1Error(error: unknown): Error {
  const bare = error instanceof Error ? error.message : String(error)
  const head = error instanceof D1TypeError ? 'D1_TYPE_ERROR' : 'D1_ERROR'
  return new Error(`${head}: ${bare}${codeSuffix(error)}`, { cause: new Error(bare) })
}

/** The end of D1's error messages, for example `: SQLITE_CONSTRAINT (extended: SQLITE_CONSTRAINT_UNIQUE)`. */
function codeSuffix(error: unknown): string {
  const code = error instanceof Error && 'errcode' in error ? Number(error.errcode) : undefined
  if (code === undefined) return ''
  const base = CODE_NAMES[code & 0xff] ?? `SQLITE_${code & 0xff}`
  const extended = code > 0xff ? ` (extended: ${CODE_NAMES[code] ?? code})` : ''
  return `: ${base}${extended}`
}
