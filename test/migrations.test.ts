/** What a migration makes of the rows that are there. */
import { describe, expect, it } from 'vitest'
import { Sqlite, workerMigrations } from '../testing/simulation/d1/sqlite.ts'

/** The migrations before the one that contains this text, and that migration. */
function upTo(text: string): readonly [before: readonly string[], migration: string] {
  const at = workerMigrations().findIndex((sql) => sql.includes(text))
  const migration = workerMigrations()[at]
  if (migration === undefined) throw new Error(`no migration contains ${text}`)
  return [workerMigrations().slice(0, at), migration]
}

describe('an attempt from before unanswered calls were counted', () => {
  it('counts as sent without an answer while it is live or still asked about', () => {
    const [before, migration] = upTo('ADD COLUMN unanswered_at')
    const sqlite = new Sqlite(before)
    const attempt = (ordercode: string, state: string, closedAt: string, dueAt: string) =>
      sqlite.exec(`
        INSERT INTO orders (ordercode, state, revision, total_fee, body, expires_in, created_at, expires_at)
        VALUES ('${ordercode}', 'paying', 1, 1, 'b', 300, 1, 301);
        INSERT INTO attempts (ordercode, number, state, appid, mch_id, openid, spbill_create_ip, total_fee, body,
          notify_url, sign_type, time_start, time_expire, sent_at, answered_at, closed_at, due_at)
        VALUES ('${ordercode}', 1, '${state}', 'a', 'm', 'o', '::1', 1, 'b', 'n', 'MD5', 1, 301, 7, 8, ${closedAt}, ${dueAt})`)
    attempt('open', 'open', 'NULL', '60')
    attempt('undue', 'open', 'NULL', 'NULL')
    attempt('closing', 'closing', 'NULL', 'NULL')
    attempt('asked', 'closed', '9', '600')
    attempt('over', 'closed', '9', 'NULL')

    sqlite.exec(migration)

    const rows = sqlite.read('SELECT ordercode, unanswered_at FROM attempts ORDER BY ordercode')
    expect(rows.map((row) => ({ ...row }))).toEqual([
      { ordercode: 'asked', unanswered_at: 7 },
      { ordercode: 'closing', unanswered_at: 7 },
      { ordercode: 'open', unanswered_at: 7 },
      { ordercode: 'over', unanswered_at: null },
      { ordercode: 'undue', unanswered_at: 7 },
    ])
  })
})
