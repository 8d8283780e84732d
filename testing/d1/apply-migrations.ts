import { applyD1Migrations } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { beforeEach } from 'vitest'
import { emptyTables } from './tables.ts'

await applyD1Migrations(env.DB, env.TEST_MIGRATIONS)

// The tests of a file share a database: each begins with an empty one.
beforeEach(() => emptyTables(env.DB))
