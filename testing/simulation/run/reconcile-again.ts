/** Reconciles a day once more, and records the tables before and after: nothing may change. */
import { MISTAKEN_MCH_ID } from '../actors/reconfigurer.ts'
import { shopCall } from '../actors/client.ts'
import { HELD_ORDERS } from '../drain/due.ts'
import { finish } from './play.ts'
import type { World } from './world.ts'

/** Columns that a repeated reconciliation may change: times, tries, the size of the download, how far the cron has come. */
const RUN_COLUMNS: Readonly<Record<string, readonly string[]>> = {
  bills: ['fetched_at', 'reconciled_at', 'tries', 'parts', 'bytes', 'leased_until', 'last_error'],
  // `books` holds the values of our records when the difference was last found. They may change, for example when a refund has
  // succeeded between the two reconciliations.
  bill_differences: ['tries', 'books'],
  walks: ['position'],
}

/** Reconciles the first day again and adds the result to `world.audits`. @param playUntilIdle Runs the cron until no row is due. */
export async function reconcileAgain(
  world: World,
  playUntilIdle: () => Promise<boolean>,
): Promise<void> {
  const { sqlite, faults } = world
  const days = sqlite.read("SELECT day FROM bills WHERE state = 'reconciled' ORDER BY day")
  const [day] = days.map((row) => String(row['day']))
  const lastDay = String(days.at(-1)?.['day'])
  if (day === undefined) return
  faults.count('situation:reconciled_again')
  const before = snapshot(world, lastDay)
  const path = `/bills/${day}/reconcile`
  await finish(world, postReconcile(world, path))
  await playUntilIdle()
  world.audits.push({ day, before, after: snapshot(world, lastDay) })
}

async function postReconcile(world: World, path: string): Promise<void> {
  await shopCall(world, 'auditor', { method: 'POST', path })
}

/**
 * Formats all rows of the database, the refunds at WeChat and the webhooks that the shop received as text, one line each. The
 * text before the repeated reconciliation must equal the text after it. What is of the mistaken merchant number is set aside every
 * day, and what waits for a person after a restore is queried every hour, for good, so their `due_at` is left out.
 *
 * @param lastDay The last day that was reconciled before. Lines about bills of later days are left out, because the cron may
 *   fetch these bills between the two texts.
 */
function snapshot({ sqlite, wechat, receiver, bills }: World, lastDay: string): string {
  const tables = sqlite
    .read("SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'runs' ORDER BY name")
    .map(({ name }) => String(name))
  const held = new Set(sqlite.read(HELD_ORDERS).map(({ ordercode }) => ordercode))
  const rows = tables.flatMap((table) =>
    sqlite.read(`SELECT * FROM ${table}`).map((row) => {
      const isAlwaysDue =
        row['mch_id'] === MISTAKEN_MCH_ID ||
        (['orders', 'attempts'].includes(table) && held.has(row['ordercode']))
      const kept = Object.entries(row)
        .filter(([name]) => RUN_COLUMNS[table]?.includes(name) !== true)
        .filter(([name]) => name !== 'due_at' || !isAlwaysDue)
        .map(([name, value]) =>
          name === 'counts' && bills.late.length > 0 ? [name, withoutBooks(value)] : [name, value],
        )
      return `${table} ${JSON.stringify(kept)}`
    }),
  )
  const refunds = wechat.books
    .refunds()
    .map(({ outRefundNo, status }) => `${outRefundNo} ${status}`)
  const webhooks = receiver.received().map(({ id, times }) => `${id} ${times}`)
  return [...rows, ...refunds, ...webhooks].filter((line) => dayIn(line) <= lastDay).join('\n')
}

/** A payment whose row stands in the next day's bill counts among that day's books once that bill is reconciled. */
const withoutBooks = (counts: unknown): unknown =>
  JSON.parse(String(counts), (name, value: unknown) => (name === 'books' ? undefined : value))

const dayIn = (line: string): string => {
  const [, ofRow, ofFact] =
    /^bills \[\["day","([\d-]+)"|bill(?:\.reconciled|_difference)\.([\d-]+)/.exec(line) ?? []
  return ofRow ?? ofFact ?? ''
}
