/** Replaces `cloudflare:workers` in the project `shim`, where tests of the store run in Node over the simulation's D1. */
import { beforeEach } from 'vitest'
import { d1Shim } from '../simulation/d1/d1-shim.ts'
import { Sqlite } from '../simulation/d1/sqlite.ts'
import { emptyTables } from './tables.ts'

const sqlite = new Sqlite()

/** The Worker's bindings that the tests of the store use in Node. */
export const env = { DB: d1Shim(sqlite) }

beforeEach(() => emptyTables(env.DB))
