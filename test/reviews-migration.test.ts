/** Reviews that were stored before a fact could open another one. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { Sqlite } from '../testing/simulation/d1/sqlite.ts'

const FOLDER = join(import.meta.dirname, '../src/store/migrations')
const files = readdirSync(FOLDER).toSorted()
const migration = files.find((name) => name.endsWith('_reviews_anew.sql')) ?? ''
const read = (name: string): string => readFileSync(join(FOLDER, name), 'utf8')

it('a stored review of a difference that is gone is over; all others go on as they were', () => {
  const sqlite = new Sqlite(files.filter((name) => name < migration).map(read))
  const day = '2026-11-23'
  const later = '2026-11-24'
  sqlite.exec(`
    INSERT INTO bills (day, state, due_at, counts) VALUES
      ('${day}', 'reconciled', NULL, '{}'), ('${later}', 'settling', 1, '{}');
    INSERT INTO bill_differences (day, kind, subject, outcome) VALUES
      ('${day}', 'payment_differs', 'still', 'review'), ('${day}', 'refund_differs', 'x', 'collected'),
      ('${day}', 'payment_not_here', 'booked', 'booked');
    INSERT INTO reviews (id, kind, subject, evidence, opened_at, resolved_at, note)
    SELECT kind || '.' || subject, kind, subject, '{}', 1, resolved, iif(resolved IS NULL, NULL, 'x')
    FROM (
      SELECT 'bill_difference' AS kind, '${day}.payment_differs.gone' AS subject, 7 AS resolved
      UNION ALL SELECT 'bill_difference', '${day}.payment_not_here.booked', 7
      UNION ALL SELECT 'bill_difference', '${day}.bill_missing', 7
      UNION ALL SELECT 'bill_difference', '${day}.payment_differs.still', 7
      UNION ALL SELECT 'bill_difference', '${day}.refund_differs', 7
      UNION ALL SELECT 'bill_difference', '${day}.payment_differs.open', NULL
      UNION ALL SELECT 'bill_difference', '${later}.payment_differs.gone', 7
      UNION ALL SELECT 'amount_mismatch', '${day}.payment_differs.gone', 7)`)
  const before = sqlite.read('SELECT * FROM reviews ORDER BY id')

  sqlite.exec(read(migration))

  const after = sqlite.read('SELECT * FROM reviews ORDER BY id')
  const over = after.filter((row) => row['ended_at'] !== null)
  expect(over.map(({ subject, ended_at: at }) => [subject, at])).toEqual([
    [`${day}.bill_missing`, 7],
    [`${day}.payment_differs.gone`, 7],
    [`${day}.payment_not_here.booked`, 7],
  ])
  expect(after).toMatchObject(before)
  sqlite.close()
})
