/** Runs a Worker in a workerd of its own, with D1 and KV, on a socket without a development server before it. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { convertV4MiniflareOptions, Miniflare } from 'miniflare'
import { unstable_splitSqlQuery as splitSql } from 'wrangler'
import type { Module } from './bundle.ts'
import { findProcesses, Processes } from './processes.ts'

const MIGRATIONS = join(import.meta.dirname, '../../src/store/migrations')
const NAME = 'worker'

/** A running Worker. */
export type RunningWorker = Readonly<{
  origin: string
  process: Processes
  db: D1Database
  /** Runs the cron once. @param atMs The scheduled time, in milliseconds. */
  cron: (atMs: number) => Promise<void>
  stop: () => Promise<void>
}>

/** Starts a Worker on a database in this folder. @param database Whether it gets the tables, or has what the folder has. */
export async function startWorker(
  modules: readonly Module[],
  bindings: Readonly<Record<string, string>>,
  folder: string,
  database: 'migrated' | 'as_it_is' = 'migrated',
): Promise<RunningWorker> {
  const before = new Set(findProcesses('workerd'))
  const options = convertV4MiniflareOptions({
    name: NAME,
    modulesRoot: '/',
    modules: modules.map((each) => ({ ...each, path: `/${each.path}` })),
    compatibilityDate: '2026-10-23',
    bindings,
    d1Databases: { DB: 'bench' },
    kvNamespaces: ['KV'],
    resourcePersistencePath: folder,
    stripCfConnectingIp: false,
    // The Worker's log is written, as in production, and not shown.
    handleStructuredLogs: () => {},
    unsafeDirectSockets: [{ host: '127.0.0.1', port: 0 }],
  })
  const runtime = new Miniflare(options)
  await runtime.ready
  const db = (await runtime.getD1Database('DB')) as unknown as D1Database
  const names = database === 'as_it_is' ? [] : readdirSync(MIGRATIONS).sort()
  for (const name of names) {
    const statements = splitSql(readFileSync(join(MIGRATIONS, name), 'utf8'))
    await db.batch(statements.map((sql) => db.prepare(sql)))
  }
  const { origin } = await runtime.unsafeGetDirectURL(NAME)
  const pids = findProcesses('workerd').filter((pid) => !before.has(pid))
  return {
    origin,
    process: new Processes(pids),
    db,
    async cron(atMs) {
      const worker = await runtime.getWorker()
      const { outcome } = await worker.scheduled({
        scheduledTime: new Date(atMs),
        cron: '* * * * *',
      })
      if (outcome !== 'ok') throw new Error(`The cron ended with "${outcome}".`)
    },
    stop: () => runtime.dispose(),
  }
}

/** A Worker that does nothing. */
export const EMPTY: readonly Module[] = [
  {
    type: 'ESModule',
    path: 'empty.js',
    contents: 'export default { fetch: () => new Response() }',
  },
]

/** Starts a workerd with a migrated D1 that is used from outside. */
export const startDatabase = (folder: string): Promise<RunningWorker> =>
  startWorker(EMPTY, {}, folder)

/**
 * Creates the migrated D1 of a folder, and fills it as a file: a statement that inserts a million rows takes longer than
 * workerd waits for an answer.
 */
export async function fillDatabase(
  folder: string,
  statements: readonly Readonly<{ sql: string; values: readonly number[] }>[],
): Promise<void> {
  await (await startDatabase(folder)).stop()
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  const name = files.find((each) => /[0-9a-f]{64}\.sqlite$/.test(each))
  if (name === undefined) throw new Error(`no database of D1 in ${folder}: ${files.join(', ')}`)
  const db = new DatabaseSync(join(folder, name))
  for (const { sql, values } of statements) db.prepare(sql).run(...values)
  db.close()
}
