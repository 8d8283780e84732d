/** How much the database grows with every order, and how long each migration takes with many orders. SQLite in Node; D1 adds its own time. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { FILL } from '../../testing/d1/large-database.ts'
import { settledOrders } from '../../testing/d1/settled-orders.ts'
import { d1Shim } from '../../testing/simulation/d1/d1-shim.ts'
import { Sqlite, workerMigrations } from '../../testing/simulation/d1/sqlite.ts'
import type { Context, Part } from '../lib/part.ts'

const FOLDER = join(import.meta.dirname, '../../src/store/migrations')
/** The migrations after which version 0.1.0 could hold the large database. */
const RELEASED = '0004_bills.sql'
const SETTLED = 1_500

export type GrowthResult = Readonly<{
  /** Bytes of one settled order with an ordercode of 20 characters: paid, and told to the shop. */
  bytesPerOrder: number
  /** The same by table and index. */
  bytes: Readonly<Record<string, number>>
  /** The large database: how many orders, and its size. */
  orders: number
  megabytes: number
  /** Milliseconds of each migration since version 0.1.0 on it. */
  migrationMs: Readonly<Record<string, number>>
}>

export const growth: Part<GrowthResult> = {
  name: 'growth',
  about: 'bytes of a settled order, and the time of each migration on a large database',
  async run(context) {
    const bytes = await measureSettled(context)
    const bytesPerOrder = Object.values(bytes).reduce((sum, each) => sum + each, 0)
    return { bytesPerOrder, bytes, ...measureMigrations(context) }
  },
  tables: ({ bytesPerOrder, bytes, orders, megabytes, migrationMs }) => [
    {
      title: `One settled order with an ordercode of 20 characters: ${bytesPerOrder} bytes`,
      head: ['table or index', 'bytes'],
      rows: rowsOf(bytes),
    },
    {
      title: `Migrations of a database of version 0.1.0 with ${orders} orders, ${megabytes} MB`,
      head: ['migration', 'ms'],
      rows: rowsOf(migrationMs),
    },
  ],
}

const rowsOf = (of: Readonly<Record<string, number>>): readonly string[][] =>
  Object.entries(of).map(([name, value]) => [name, String(value)])

/** Bytes of each table and index for one settled order, beyond those of an empty database. */
async function measureSettled({ progress, interrupted }: Context): Promise<GrowthResult['bytes']> {
  const sqlite = new Sqlite()
  const before = sizes(sqlite)
  const { settle } = settledOrders(d1Shim(sqlite))
  for (let at = 0; at < SETTLED; at++) {
    interrupted.throwIfAborted()
    progress(`settling order ${at} of ${SETTLED}`)
    await settle(`20261128-${String(at).padStart(6, '0')}-K7X2`)
  }
  return Object.fromEntries(
    [...sizes(sqlite)]
      .map(
        ([name, bytes]) => [name, Math.round((bytes - (before.get(name) ?? 0)) / SETTLED)] as const,
      )
      .filter(([, bytes]) => bytes >= 1)
      .toSorted(([, a], [, b]) => b - a),
  )
}

const sizes = (sqlite: Sqlite): ReadonlyMap<string, number> =>
  new Map(
    sqlite
      .read('SELECT name, sum(pgsize) AS bytes FROM dbstat GROUP BY name')
      .map(({ name, bytes }) => [String(name), Number(bytes)]),
  )

/** The time of each migration on a database that version 0.1.0 has filled. */
function measureMigrations({
  orders,
  progress,
}: Context): Pick<GrowthResult, 'orders' | 'megabytes' | 'migrationMs'> {
  progress(`filling a database of version 0.1.0 with ${orders} orders`)
  const names = readdirSync(FOLDER).sort()
  const texts = workerMigrations()
  const released = names.indexOf(RELEASED) + 1
  const sqlite = new Sqlite(texts.slice(0, released))
  for (const sql of FILL) sqlite.batch([{ sql, values: [orders] }])
  const [size] = sqlite.read(
    'SELECT page_count * page_size AS bytes FROM pragma_page_count(), pragma_page_size()',
  )
  const migrationMs = Object.fromEntries(
    names.slice(released).map((name) => {
      const begun = performance.now()
      sqlite.exec(readFileSync(join(FOLDER, name), 'utf8'))
      return [name, Math.round(performance.now() - begun)]
    }),
  )
  return { orders, megabytes: Math.round(Number(size?.['bytes']) / 1e6), migrationMs }
}
