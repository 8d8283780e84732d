/** The doctor's view of the database: which migrations were applied, and the last run of the doctor. */
import type { Checkup, Finding } from '../core/doctor/finding.ts'
import type { Schema } from '../core/doctor/state.ts'
import type { CheckupStore } from '../ports/doctor.ts'
import { integer, optionalText, text, time } from './d1/columns.ts'
import type { Database } from './d1/database.ts'

/** The migrations of this version. Keep it equal to the folder `migrations`; a test compares them. */
export const SCHEMA: Schema = { last: '0021_checkups.sql', count: 19 }

/** Creates the store of one database. `d1_migrations` is the table in which wrangler notes what it applied. */
export const checkupStore = (db: Database): CheckupStore => ({
  async look() {
    const { rows } = await db.run('SELECT max(name) AS last, count(*) AS count FROM d1_migrations')
    const [row = {}] = rows
    return {
      migration: optionalText(row, 'last'),
      count: integer(row, 'count'),
      region: db.region(),
    }
  },
  async last(): Promise<Checkup | undefined> {
    const { rows } = await db.run('SELECT at, is_thorough, findings FROM checkups WHERE id = 1')
    const [row] = rows
    return row === undefined
      ? undefined
      : {
          at: time(row, 'at'),
          isThorough: row['is_thorough'] === 1,
          findings: JSON.parse(text(row, 'findings')) as readonly Finding[],
        }
  },
  async save({ at, isThorough, findings }) {
    await db.run(
      `INSERT INTO checkups (id, at, is_thorough, findings) VALUES (1, ?1, ?2, ?3)
       ON CONFLICT (id) DO UPDATE SET at = ?1, is_thorough = ?2, findings = ?3 WHERE at <= ?1`,
      at,
      isThorough ? 1 : 0,
      JSON.stringify(findings),
    )
  },
})
