/** When the next row is due, and what is due for ever because it waits for a person. */
import { dayOf } from '../run/days.ts'
import type { World } from '../run/world.ts'

/** When the next row, or with notices the next notice, is due, in milliseconds; undefined when none is. */
export function nextDueMs(world: World, withNotices: boolean): number | undefined {
  const { sqlite, wechat } = world
  const due = dueTables(sqlite)
    .flatMap((table) => {
      const { sql, params } = endlessWork(world, table)
      return sqlite.read(
        `SELECT min(due_at) AS at FROM ${table} WHERE due_at IS NOT NULL AND NOT (${sql})
         ${HELD[table] ?? ''}`,
        ...params,
      )
    })
    .flatMap(({ at }) => (typeof at === 'number' ? [at * 1_000] : []))
  const notice = withNotices ? wechat.notices.nextDueAt() : undefined
  const all = notice === undefined ? due : [...due, notice]
  return all.length === 0 ? undefined : Math.min(...all)
}

/**
 * SQL: orders that wait for a person, which are queried every hour for ever: WeChat has another payment under the number of their
 * attempt.
 */
export const HELD_ORDERS = `SELECT ordercode FROM reviews
  WHERE kind IN ('amount_mismatch', 'foreign_payment') AND ordercode IS NOT NULL
    AND EXISTS (SELECT 1 FROM recoveries)`
const NOT_HELD = `AND ordercode NOT IN (${HELD_ORDERS})`
/** What has ended under a merchant number that was given up is set aside every day. */
const NOT_GIVEN_UP = `AND (state IN ('open', 'closing')
  OR mch_id NOT IN (SELECT mch_id FROM other_merchants WHERE given_up_at IS NOT NULL))`
const HELD: Readonly<Record<string, string>> = {
  orders: NOT_HELD,
  attempts: `${NOT_HELD} ${NOT_GIVEN_UP}`,
}

/**
 * SQL: the due rows of a table for which the drain does not wait, because a forged notice was believed. WeChat contradicts our
 * records about these orders until a person decides, so the cron queries for good. Meanwhile, an order that seems to be under way makes a day
 * without payments doubtful, so its bill is looked for every hour.
 */
function endlessWork(
  { leaks, wechat }: World,
  table: string,
): Readonly<{ sql: string; params: readonly string[] }> {
  if (leaks.orders.size === 0) return { sql: '0', params: [] }
  if (['orders', 'attempts', 'refunds'].includes(table)) {
    const params = [JSON.stringify([...leaks.orders])]
    return { sql: 'ordercode IN (SELECT value FROM json_each(?))', params }
  }
  if (table !== 'bills') return { sql: '0', params: [] }
  const days = [
    ...wechat.books.captures().map(({ paidAt }) => dayOf(paidAt)),
    ...wechat.books.refunds().map(({ appliedAt }) => dayOf(appliedAt)),
  ]
  return { sql: 'day NOT IN (SELECT value FROM json_each(?))', params: [JSON.stringify(days)] }
}

/** Lists every table of the Worker with a column `due_at`. */
const dueTables = (sqlite: World['sqlite']): string[] =>
  sqlite
    .read(
      `SELECT m.name AS name FROM sqlite_schema AS m JOIN pragma_table_info(m.name) AS c
       WHERE m.type = 'table' AND c.name = 'due_at' ORDER BY m.name`,
    )
    .map(({ name }) => String(name))
