/** The real store over SQLite in this process, and its tables as they are. */
import type { OrderView } from '../../src/core/order/order.ts'
import type { Store } from '../../src/ports/store.ts'
import { Database } from '../../src/store/d1/database.ts'
import { d1Store } from '../../src/store/store.ts'
import { anOrder, T0 } from '../core/samples.ts'
import { d1Shim } from '../simulation/d1-shim.ts'
import { Sqlite, type SqlRow } from '../simulation/sqlite.ts'

const TABLES = ['orders', 'attempts', 'payments', 'events', 'reviews', 'deliveries'] as const

export type StoreBench = Readonly<{
  store: Store
  sqlite: Sqlite
  /** Every row there is. */
  rows: () => Readonly<Record<string, readonly SqlRow[]>>
}>

export function storeBench(): StoreBench {
  const sqlite = new Sqlite()
  const timers = { after: () => () => {} }
  const database = new Database(d1Shim(sqlite), timers, (count) => new Uint8Array(count))
  return {
    store: d1Store(database, true),
    sqlite,
    rows: () =>
      Object.fromEntries(TABLES.map((table) => [table, sqlite.read(`SELECT * FROM ${table}`)])),
  }
}

/** Registers the order of the samples. */
export async function registered({ store }: StoreBench): Promise<OrderView> {
  const { ordercode, terms } = anOrder()
  return (await store.register(ordercode, terms, T0)).view
}
