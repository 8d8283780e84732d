/** When the next row is due, and what is due for ever because it waits for a person. */
import type { World } from '../run/world.ts'

/** When the next row, or with notices the next notice, is due, in milliseconds; undefined when none is. */
export function nextDueMs({ sqlite, wechat }: World, withNotices: boolean): number | undefined {
  const due = sqlite
    .read(dueTables(sqlite).map(firstDueOf).join(' UNION ALL '))
    .flatMap(({ at }) => (typeof at === 'number' ? [at * 1_000] : []))
  const notice = withNotices ? wechat.notices.nextDueAt() : undefined
  const all = notice === undefined ? due : [...due, notice]
  return all.length === 0 ? undefined : Math.min(...all)
}

const firstDueOf = (table: string): string =>
  `SELECT min(due_at) AS at FROM ${table} WHERE due_at IS NOT NULL ${HELD[table] ?? ''}`

/** Orders that wait for a person are queried every hour for ever: WeChat has another payment under the number of their attempt. */
const NOT_HELD = `AND ordercode NOT IN (
  SELECT ordercode FROM reviews
  WHERE kind IN ('amount_mismatch', 'foreign_payment') AND ordercode IS NOT NULL
    AND EXISTS (SELECT 1 FROM recoveries))`
/** What was opened under a merchant number that was given up is set aside every day. */
const NOT_GIVEN_UP =
  'AND mch_id NOT IN (SELECT mch_id FROM other_merchants WHERE given_up_at IS NOT NULL)'
const HELD: Readonly<Record<string, string>> = {
  orders: NOT_HELD,
  attempts: `${NOT_HELD} ${NOT_GIVEN_UP}`,
}

/** Lists every table of the Worker with a column `due_at`. */
const dueTables = (sqlite: World['sqlite']): string[] =>
  sqlite
    .read(
      `SELECT m.name AS name FROM sqlite_schema AS m JOIN pragma_table_info(m.name) AS c
       WHERE m.type = 'table' AND c.name = 'due_at' ORDER BY m.name`,
    )
    .map(({ name }) => String(name))
