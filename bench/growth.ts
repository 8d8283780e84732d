/**
 * `npm run bench:growth`: how much the database grows with every order, and how long each migration and each page takes
 * with a million orders.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { readOptions, run } from '../scripts/cli/command.ts'
import { say, table } from '../scripts/cli/terminal.ts'
import { FILL } from '../testing/d1/large-database.ts'
import { settledOrders } from '../testing/d1/settled-orders.ts'
import { d1Shim } from '../testing/simulation/d1/d1-shim.ts'
import { Sqlite, workerMigrations } from '../testing/simulation/d1/sqlite.ts'

const HELP = `Measures the size of settled orders, and the time of every migration on a large database.

Usage: node bench/growth.ts
       node bench/growth.ts --orders 100000 --settled 500

  --orders N    orders of the large database (default 1000000)
  --settled N   orders that are played through the Worker to measure their size (default 1500)
  --help        print this text

Asserts nothing. The database is SQLite in Node; D1 adds its own time.`

const FOLDER = join(import.meta.dirname, '../src/store/migrations')
/** The migrations after which version 0.1.0 could hold the large database. */
const RELEASED = '0004_bills.sql'

/** Bytes of each table and index for one settled order, beyond those of an empty database. */
async function measureSettled(count: number): Promise<void> {
  const sqlite = new Sqlite()
  const before = sizes(sqlite)
  const { settle } = settledOrders(d1Shim(sqlite))
  for (let at = 0; at < count; at++) {
    await settle(`20261128-${String(at).padStart(6, '0')}-K7X2`)
  }
  const rows = [...sizes(sqlite)]
    .map(([name, bytes]) => [name, (bytes - (before.get(name) ?? 0)) / count] as const)
    .filter(([, bytes]) => bytes >= 1)
    .toSorted(([, a], [, b]) => b - a)
  const total = rows.reduce((sum, [, bytes]) => sum + bytes, 0)
  say(`One settled order with an ordercode of 20 characters (${count} measured):`)
  const shown = [...rows, ['all', total] as const].map(([name, bytes]) => [name, bytes.toFixed(0)])
  table(['table or index', 'bytes'], shown).forEach((line) => say(line))
}

const sizes = (sqlite: Sqlite): ReadonlyMap<string, number> =>
  new Map(
    sqlite
      .read('SELECT name, sum(pgsize) AS bytes FROM dbstat GROUP BY name')
      .map(({ name, bytes }) => [String(name), Number(bytes)]),
  )

/** The time of each migration on a database that version 0.1.0 has filled. */
function measureMigrations(count: number): void {
  const names = readdirSync(FOLDER).sort()
  const texts = workerMigrations()
  const released = names.indexOf(RELEASED) + 1
  const sqlite = new Sqlite(texts.slice(0, released))
  say(`\nA database of version 0.1.0 with ${count} orders:`)
  for (const sql of FILL) {
    sqlite.batch([{ sql, values: [count] }])
  }
  const [size] = sqlite.read(
    'SELECT page_count * page_size AS bytes FROM pragma_page_count(), pragma_page_size()',
  )
  say(`${(Number(size?.['bytes']) / 1e6).toFixed(0)} MB`)
  const rows = names.slice(released).map((name) => {
    const begun = performance.now()
    sqlite.exec(readFileSync(join(FOLDER, name), 'utf8'))
    return [name, `${(performance.now() - begun).toFixed(0)} ms`]
  })
  table(['migration', 'time'], rows).forEach((line) => say(line))
}

await run(async () => {
  const { values } = readOptions({
    orders: { type: 'string', default: '1000000' },
    settled: { type: 'string', default: '1500' },
    help: { type: 'boolean', default: false },
  })
  if (values.help) {
    say(HELP)
    return 0
  }
  await measureSettled(Number(values.settled))
  measureMigrations(Number(values.orders))
  return 0
})
