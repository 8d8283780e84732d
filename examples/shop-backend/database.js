/** The shop's database. `node:sqlite` stands for whatever you use: what counts are the unique columns and the transactions. */
import { DatabaseSync } from 'node:sqlite'

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS orders (
    ordercode  TEXT NOT NULL PRIMARY KEY,
    openid     TEXT,
    goods      TEXT NOT NULL,
    total_fee  INTEGER NOT NULL, -- fen
    shipped_at TEXT
  ) STRICT;
  -- Ids of handled webhooks.
  CREATE TABLE IF NOT EXISTS webhooks (id TEXT NOT NULL PRIMARY KEY) STRICT;
  -- The newest webhook about each subject: an order, a payment that goes back, a refund.
  CREATE TABLE IF NOT EXISTS news (
    subject  TEXT NOT NULL PRIMARY KEY,
    type     TEXT NOT NULL,
    state    TEXT,
    revision INTEGER NOT NULL
  ) STRICT;
`

/** @param {string} path a file, or `:memory:` */
export function openDatabase(path) {
  const database = new DatabaseSync(path)
  database.exec(SCHEMA)
  return database
}

/**
 * Runs `work` as one transaction: all of it is stored, or nothing.
 *
 * @template T
 * @param {DatabaseSync} database
 * @param {() => T} work
 * @returns {T}
 */
export function transaction(database, work) {
  database.exec('BEGIN IMMEDIATE')
  try {
    const result = work()
    database.exec('COMMIT')
    return result
  } catch (error) {
    database.exec('ROLLBACK')
    throw error
  }
}
