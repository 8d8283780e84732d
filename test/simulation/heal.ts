/** After the storm: nothing fails any more, the cron comes every minute, and what is due gets done. */
import { deliverDue } from './notices.ts'
import { secondWind } from './second-wind.ts'
import type { World } from './world.ts'

const MINUTE_MS = 60_000
/** Expiry, the ladder, and the last question 24 hours after closing need far fewer. */
const ROUNDS_MAX = 600
/** Beyond everything that a row could still wait for. */
const REST_MS = 26 * 60 * MINUTE_MS

/** @returns false when there is no end to what is due. */
export async function heal(world: World): Promise<boolean> {
  const { faults, wechat, scheduler, workers, chance, mail, trace } = world
  trace.add('healing', 'no more faults')
  mail.isOver = true
  faults.heal()
  wechat.clearFaults()
  await scheduler.run(() => false)
  await finish(world, secondWind(world))

  // In half of the runs no notice ever comes again: the cron alone must find everything.
  const withNotices = chance('healing').happens(0.5)
  const round = async (): Promise<void> => {
    if (withNotices) await deliverDue(world)
    await workers.cron()
  }
  for (let rounds = 0; rounds < ROUNDS_MAX; rounds++) {
    await finish(world, round())
    const nextMs = nextDueMs(world, withNotices)
    if (nextMs === undefined) {
      scheduler.leap(REST_MS)
      await finish(world, round())
      return nextDueMs(world, withNotices) === undefined
    }
    // Ticks between now and then would find nothing due.
    const inMinutes = Math.max(1, Math.ceil((nextMs - scheduler.now()) / MINUTE_MS))
    scheduler.leap(inMinutes * MINUTE_MS)
  }
  return false
}

/** Plays on until it is done, and everything it left running, too. */
async function finish(world: World, work: Promise<void>): Promise<void> {
  await Promise.all([work, world.scheduler.run(() => false)])
}

function nextDueMs({ sqlite, wechat }: World, withNotices: boolean): number | undefined {
  const due = sqlite
    .read(dueTables(sqlite).map(firstDueOf).join(' UNION ALL '))
    .flatMap(({ at }) => (typeof at === 'number' ? [at * 1_000] : []))
  const notice = withNotices ? wechat.nextNoticeDueAt() : undefined
  const all = notice === undefined ? due : [...due, notice]
  return all.length === 0 ? undefined : Math.min(...all)
}

const firstDueOf = (table: string): string =>
  `SELECT min(due_at) AS at FROM ${table} WHERE due_at IS NOT NULL`

/** Every table whose rows say when they want to be looked at. */
const dueTables = (sqlite: World['sqlite']): string[] =>
  sqlite
    .read(
      `SELECT m.name AS name FROM sqlite_schema AS m JOIN pragma_table_info(m.name) AS c
       WHERE m.type = 'table' AND c.name = 'due_at' ORDER BY m.name`,
    )
    .map(({ name }) => String(name))
