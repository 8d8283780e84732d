/** The tables as they were, what became of them, and the way back. */
import type { Sqlite, SqlRow } from '../../simulation/d1/sqlite.ts'

/** In an order in which foreign keys hold. */
const TABLES = [
  'orders',
  'attempts',
  'payments',
  'events',
  'reviews',
  'deliveries',
  'runs',
] as const
export type Table = (typeof TABLES)[number]
const LINKED: readonly Table[] = ['orders', 'attempts', 'payments', 'events']

const KEYS: Readonly<Record<Table, readonly string[]>> = {
  orders: ['ordercode'],
  attempts: ['ordercode', 'number'],
  payments: ['transaction_id'],
  events: ['ordercode', 'revision'],
  reviews: ['id'],
  deliveries: ['id'],
  runs: ['id'],
}

export type Change = Readonly<{
  table: Table
  ordercode: string
  before: SqlRow | undefined
  after: SqlRow | undefined
}>

export class TableSnapshot {
  readonly #sqlite: Sqlite
  #rows = new Map<string, { table: Table; row: SqlRow; text: string }>()

  constructor(sqlite: Sqlite) {
    this.#sqlite = sqlite
  }

  /** Remembers the tables as they are now. */
  snapshot(): void {
    for (const table of TABLES) {
      this.#sqlite.exec(`DROP TABLE IF EXISTS kept_${table};
        CREATE TABLE kept_${table} AS SELECT * FROM ${table}`)
    }
    this.#rows = this.#read()
  }

  /** Puts back the tables that changed; the four that hang together go together. */
  restore(changes: readonly Change[]): void {
    const changed = new Set(changes.map(({ table }) => table))
    const isOrder = LINKED.some((table) => changed.has(table))
    const tables = TABLES.filter(
      (table) => changed.has(table) || (isOrder && LINKED.includes(table)),
    )
    this.#sqlite.batch(
      [
        ...tables.toReversed().map((table) => `DELETE FROM ${table}`),
        ...tables.map((table) => `INSERT INTO ${table} SELECT * FROM kept_${table}`),
      ].map((sql) => ({ sql, values: [] })),
    )
  }

  /** So that no input waits for the pause of another. */
  clearQuerySlots(): void {
    this.#sqlite.run({ sql: 'UPDATE attempts SET asked_at = NULL', values: [] })
  }

  /** Grows with every row that is written, be it with what was there before. */
  writes(): number {
    return Number(this.#rowsOf('SELECT total_changes() AS n')[0]?.['n'])
  }

  /** Row by row. When a payer last asked is no state, only a pause. */
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
      for (const row of this.#rowsOf(`SELECT * FROM ${table}`)) {
        const key = `${table} ${KEYS[table].map((column) => String(row[column])).join(' ')}`
        rows.set(key, { table, row, text: JSON.stringify({ ...row, asked_at: null }) })
      }
    }
    return rows
  }

  /** By a statement that stays prepared. */
  #rowsOf(sql: string): SqlRow[] {
    return this.#sqlite.run({ sql, values: [] }).rows
  }
}
