import { applyD1Migrations } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { beforeEach } from 'vitest'

await applyD1Migrations(env.DB, env.TEST_MIGRATIONS)

// The tests of a file share a database: each begins with an empty one.
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
