import { applyD1Migrations } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { beforeEach } from 'vitest'
import { emptyTables } from './tables.ts'

await applyD1Migrations(env.DB, env.TEST_MIGRATIONS)

// All tests of a file share one database, so the database is emptied before each test.
beforeEach(() => emptyTables(env.DB))
