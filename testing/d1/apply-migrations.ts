import { applyD1Migrations } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { beforeEach } from 'vitest'

await applyD1Migrations(env.DB, env.TEST_MIGRATIONS)

// All tests of a file share one database, so it is emptied before each test.
beforeEach(async () => {
  const tables = [
    'bill_differences',
    'bills',
    'refunds',
    'reviews',
    'deliveries',
    'payments',
    'events',
    'attempts',
    'orders',
    'runs',
  ]
  await env.DB.batch(tables.map((table) => env.DB.prepare(`DELETE FROM ${table}`)))
})
