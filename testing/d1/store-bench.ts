/** The real store over the D1 of the current project (workerd's, or the simulation's in Node), with access to its tables. */
import { env } from 'cloudflare:workers'
import type { Actor } from '../../src/core/actor.ts'
import type { OrderView } from '../../src/core/order/order.ts'
import type { Stores } from '../../src/ports/deps.ts'
import { realTimers } from '../../src/platform.ts'
import type { RefundLimits } from '../../src/ports/refund-store.ts'
import { Database } from '../../src/store/d1/database.ts'
import { type Outbox, requestOutbox } from '../../src/store/d1/outbox.ts'
import { d1Stores } from '../../src/store/store.ts'
import { anOrder, MERCHANT_IDS, T0 } from '../samples/order-samples.ts'

const TABLES = ['orders', 'attempts', 'payments', 'events', 'reviews', 'deliveries'] as const

type SqlRow = Readonly<Record<string, unknown>>

/** The store under test, and access to its tables. See {@link storeBench}. */
export type StoreBench = Readonly<{
  store: Stores
  /** Runs SQL statements, separated by semicolons, in one batch. */
  exec: (sql: string) => Promise<void>
  /** Runs a query. */
  read: (sql: string) => Promise<readonly SqlRow[]>
  /** All rows of the tables that belong to orders, by table name. */
  rows: () => Promise<Readonly<Record<string, readonly SqlRow[]>>>
}>

/** For whom the stores of a bench work, and on what. */
export type BenchOptions = Readonly<{
  /** Who causes what the stores write. Default: `shop`. */
  actor?: Actor
  /** Which refunds may be sent. Default: all. */
  limits?: RefundLimits | undefined
  /** How webhooks are written. Default: as a request writes them. */
  outbox?: Outbox
  /** The D1 that the stores use, to watch it or to make it fail. The bench itself uses the real one. */
  db?: D1Database
}>

/** Creates the stores as the Worker does when it has a webhook target. */
export function storeBench({
  actor = 'shop',
  limits,
  outbox = requestOutbox(true),
  db = env.DB,
}: BenchOptions = {}): StoreBench {
  const database = new Database(db, realTimers, (count) =>
    crypto.getRandomValues(new Uint8Array(count)),
  )
  const read = async (sql: string): Promise<readonly SqlRow[]> =>
    (await env.DB.prepare(sql).all<SqlRow>()).results
  return {
    store: d1Stores(database, outbox, MERCHANT_IDS.mchId, actor, limits),
    read,
    async exec(sql) {
      const statements = sql.split(';').filter((each) => each.trim() !== '')
      await env.DB.batch(statements.map((each) => env.DB.prepare(each)))
    },
    async rows() {
      const tables = await env.DB.batch<SqlRow>(
        TABLES.map((table) => env.DB.prepare(`SELECT * FROM ${table}`)),
      )
      return Object.fromEntries(TABLES.map((table, at) => [table, tables[at]?.results ?? []]))
    },
  }
}

/** Registers the order of `order-samples.ts`. */
export async function registered({ store }: StoreBench): Promise<OrderView> {
  const { ordercode, terms } = anOrder()
  return (await store.orders.register(ordercode, terms, T0)).view
}
