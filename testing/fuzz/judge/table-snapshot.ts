/** A copy of the tables before an input: finds what the input changed, and restores it. */
import type { Sqlite, SqlRow } from '../../simulation/d1/sqlite.ts'

/** Tables that an input may change, in an order in which foreign keys allow inserting. */
const TABLES = [
  'orders',
  'attempts',
  'payments',
  'refunds',
  'events',
  'reviews',
  'deliveries',
  'runs',
  'bills',
  'bill_differences',
  'recoveries',
  'other_merchants',
] as const
/** The name of a database table that the snapshot covers. */
export type Table = (typeof TABLES)[number]
const LINKED: readonly Table[] = [
  'orders',
  'attempts',
  'payments',
  'refunds',
  'events',
  'bills',
  'bill_differences',
]

/** Where the rows of a table are read, if it is not the table itself: the first events of an order are in its own row. */
const VIEWS: Readonly<Partial<Record<Table, string>>> = { events: 'order_events' }

const KEYS: Readonly<Record<Table, readonly string[]>> = {
  orders: ['ordercode'],
  attempts: ['ordercode', 'number'],
  payments: ['transaction_id'],
  refunds: ['out_refund_no'],
  events: ['ordercode', 'revision'],
  reviews: ['id'],
  deliveries: ['id'],
  runs: ['id'],
  bills: ['day'],
  bill_differences: ['day', 'kind', 'subject'],
  recoveries: ['since'],
  other_merchants: ['mch_id'],
}

/** A row that was inserted, changed or deleted. `ordercode` is empty when the row belongs to no order. */
export type Change = Readonly<{
  table: Table
  ordercode: string
  before: SqlRow | undefined
  after: SqlRow | undefined
}>

/** Compares the tables with their last snapshot. */
export class TableSnapshot {
  readonly #sqlite: Sqlite
  #rows = new Map<string, { table: Table; row: SqlRow; text: string }>()

  constructor(sqlite: Sqlite) {
    this.#sqlite = sqlite
  }

  /** Copies all tables as they are now, for `restore`. */
  snapshot(): void {
    for (const table of TABLES) {
      this.#sqlite.exec(`DROP TABLE IF EXISTS kept_${table};
        CREATE TABLE kept_${table} AS SELECT * FROM ${table}`)
    }
    this.#rows = this.#read()
  }

  /** Restores the changed tables. Tables that foreign keys link are restored together. */
  restore(changes: readonly Change[]): void {
    const changed = new Set(changes.map(({ table }) => table))
    const isOrder = LINKED.some((table) => changed.has(table))
    const tables = TABLES.filter(
      (table) => changed.has(table) || (isOrder && LINKED.includes(table)),
    )
    this.#restore(tables)
  }

  #restore(tables: readonly Table[]): void {
    this.#sqlite.batch(
      [
        ...tables.toReversed().map((table) => `DELETE FROM ${table}`),
        ...tables.map((table) => `INSERT INTO ${table} SELECT * FROM kept_${table}`),
      ].map((sql) => ({ sql, values: [] })),
    )
  }

  /** Keeps the changes of an input, so that the next one meets them. `restoreAll` undoes them later. */
  keep(): void {
    this.#rows = this.#read()
  }

  /** Restores every table to the last snapshot, and forgets the changes that were kept. */
  restoreAll(): void {
    this.#restore(TABLES)
    this.#rows = this.#read()
  }

  /** The rows of a table before the input. */
  rowsBefore(table: Table): readonly SqlRow[] {
    return [...this.#rows.values()].filter((each) => each.table === table).map(({ row }) => row)
  }

  /** The rows of a table now. */
  rowsNow(table: Table): readonly SqlRow[] {
    return this.#rowsOf(`SELECT * FROM ${VIEWS[table] ?? table}`)
  }

  /** SQLite's counter of written rows. It also grows when a row is written without a change. */
  writes(): number {
    return Number(this.#rowsOf('SELECT total_changes() AS n')[0]?.['n'])
  }

  /** Finds all rows that differ from the snapshot. */
  changes(): Change[] {
    const now = this.#read()
    const changed: Change[] = []
    for (const key of new Set([...this.#rows.keys(), ...now.keys()])) {
      const before = this.#rows.get(key)
      const after = now.get(key)
      const either = after ?? before
      if (before?.text === after?.text || either === undefined) continue
      const ordercode = String(either.row['ordercode'] ?? '')
      changed.push({ table: either.table, ordercode, before: before?.row, after: after?.row })
    }
    return changed
  }

  #read(): Map<string, { table: Table; row: SqlRow; text: string }> {
    const rows = new Map<string, { table: Table; row: SqlRow; text: string }>()
    for (const table of TABLES) {
      for (const row of this.#rowsOf(`SELECT * FROM ${VIEWS[table] ?? table}`)) {
        const key = `${table} ${KEYS[table].map((column) => String(row[column])).join(' ')}`
        rows.set(key, { table, row, text: JSON.stringify(row) })
      }
    }
    return rows
  }

  /** Reads rows with an SQL text; its prepared statement is cached. */
  #rowsOf(sql: string): SqlRow[] {
    return this.#sqlite.run({ sql, values: [] }).rows
  }
}
