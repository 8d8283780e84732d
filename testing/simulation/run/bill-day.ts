/** The morning after, while faults still happen: WeChat makes the bill, the cron downloads and reconciles it, an accountant reads it. */
import { send, shopCall, sleep } from '../actors/client.ts'
import { injectBillFaults } from '../faults/bill-trouble.ts'
import { deliverDue } from '../faults/notice-delivery.ts'
import { billTimeOf, DAY_MS, dayOf } from './days.ts'
import { play } from './play.ts'
import type { Chance } from './random.ts'
import { ORIGIN, type World } from './world.ts'

const MINUTE_MS = 60_000
const PATIENCE_MS = 30_000

/** Moves the clock to about 10:10 in Beijing on the next day, injects faults into bills, and runs the cron 6 to 14 times. */
export async function playBillDay(world: World): Promise<void> {
  const { scheduler, trace, faults } = world
  const chance = world.chance('morning')
  const today = dayOf(scheduler.now())
  const beginsMs = billTimeOf(today) - chance.between(0, 15) * MINUTE_MS
  scheduler.leap(beginsMs - scheduler.now())
  world.network.outage()
  trace.add('bill day', `the morning after ${today}`)
  faults.count('situation:bill_day')
  injectBillFaults(world)
  const ticks = chance.between(6, 14)
  await play(world, [runCronOnBillDay(world, chance, ticks), runAccountant(world, today)])
}

async function runCronOnBillDay(world: World, chance: Chance, count: number): Promise<void> {
  const { scheduler, workers, faults, mail } = world
  for (let left = count; left > 0; left--) {
    const aMinute = MINUTE_MS - (scheduler.now() % MINUTE_MS) + chance.below(5_000)
    // Some waits last until the next full ten minutes, because only then the cron looks for bills of new days.
    const tenMinutes = 10 * MINUTE_MS - (scheduler.now() % (10 * MINUTE_MS)) + chance.below(5_000)
    await sleep(world, chance.happens(0.3) ? tenMinutes : aMinute)
    void workers.cron()
    if (chance.happens(0.3)) {
      faults.count('situation:two_crons')
      void workers.cron()
    }
    if (chance.happens(0.3) && scheduler.now() >= mail.mutedUntilMs) void deliverDue(world)
    if (!chance.happens(0.12)) continue
    await scheduler.point(undefined, chance.below(2_000))
    faults.count('situation:killed_on_bill_day')
    workers.killAll()
  }
}

/** The shop's accountant reads reports, has a day reconciled again, and downloads the raw bill. */
async function runAccountant(world: World, today: string): Promise<void> {
  const chance = world.chance('accountant')
  for (let left = chance.between(1, 5); left > 0; left--) {
    await sleep(world, chance.between(0, 10 * MINUTE_MS))
    const day = chance.happens(0.8) ? today : dayOf(world.startMs - DAY_MS)
    const path = `/bills/${day}`
    switch (chance.below(3)) {
      case 0:
        await shopCall(world, 'accountant', { method: 'GET', path })
        break
      case 1:
        world.faults.count('situation:reconcile_now')
        await shopCall(world, 'accountant', { method: 'POST', path: `${path}/reconcile` })
        break
      default:
        await readRaw(world, `${path}/raw`)
    }
  }
}

async function readRaw(world: World, path: string): Promise<void> {
  const headers = { authorization: `Bearer ${world.secrets.shopToken}` }
  try {
    const answered = send(world, new Request(new URL(path, ORIGIN), { headers })).then(
      async (response) => ({ status: response.status, bytes: await response.arrayBuffer() }),
    )
    const answer = await Promise.race([answered, sleep(world, PATIENCE_MS)])
    if (answer === undefined) throw new Error('no answer')
    const { status, bytes } = answer
    world.trace.add('accountant', `GET ${path} → ${status}, ${bytes.byteLength} bytes`)
    if (status === 200) world.faults.count('situation:raw_bill_read')
  } catch {
    world.trace.add('accountant', `GET ${path} → failed`)
  }
}
