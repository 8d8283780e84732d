/** D1 of the load simulation: one database that runs one query at a time, with Cloudflare's ceilings. */
import { type Gate, d1Shim } from '../../simulation/d1/d1-shim.ts'
import { readSql } from '../../simulation/d1/sql-text.ts'
import type { BoundSql, Ran, Sqlite } from '../../simulation/d1/sqlite.ts'
import { type Invocation, never } from './invocation.ts'
import { D1_BUSY_MS, D1_QUEUE_MAX_MS, LATENCY_MS, REFUSALS } from './ceilings.ts'
import { RowsWritten } from './rows-written.ts'
import type { VirtualTime } from './virtual-time.ts'

/** The one queue of D1, in front of SQLite. */
export class Database {
  /** Rows written so far, with index entries. */
  rowsWritten = 0
  /** For how long D1 was busy so far. */
  busyMs = 0
  readonly #time: VirtualTime
  readonly #sqlite: Sqlite
  readonly #rows: RowsWritten
  #freeAtMs = 0

  constructor(time: VirtualTime, sqlite: Sqlite) {
    this.#time = time
    this.#sqlite = sqlite
    this.#rows = new RowsWritten(sqlite)
  }

  /** The binding of one invocation. */
  bindingOf(invocation: Invocation): D1Database {
    const gate: Gate = async (_label, run, statements) => {
      if (!invocation.countStatements(statements.length)) throw new Error(REFUSALS.statements)
      if (!invocation.alive) return never()
      const place = invocation.databaseConnections.take()
      if (place !== undefined) await place
      try {
        return await this.#queue(invocation, run, statements)
      } finally {
        invocation.databaseConnections.give()
      }
    }
    return d1Shim(this.#sqlite, gate)
  }

  /** What was sent is run, even when its Worker dies meanwhile. */
  #queue(invocation: Invocation, run: () => Ran[], statements: readonly BoundSql[]) {
    const now = this.#time.now()
    const arrivesMs = now + LATENCY_MS.database
    const startsMs = Math.max(arrivesMs, this.#freeAtMs)
    if (startsMs - arrivesMs > D1_QUEUE_MAX_MS) throw new Error(REFUSALS.queue)
    const isWrite = statements.some(({ sql }) => !readSql(sql).readOnly)
    const busyMs = statements.length * D1_BUSY_MS.statement + (isWrite ? D1_BUSY_MS.write : 0)
    this.#freeAtMs = startsMs + busyMs
    this.busyMs += busyMs
    return new Promise<Ran[]>((resolve, reject) => {
      this.#time.after(this.#freeAtMs - now, () => {
        try {
          const ran = run()
          ran.forEach(({ changes }, at) => {
            this.rowsWritten += this.#rows.of(statements[at]?.sql ?? '', changes)
          })
          if (invocation.alive) resolve(ran)
        } catch (error) {
          if (invocation.alive) reject(error instanceof Error ? error : new Error(String(error)))
        }
      })
    })
  }
}
