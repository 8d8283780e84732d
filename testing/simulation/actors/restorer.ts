/** The operator restores the database to an earlier moment, and recovers as `docs/operations.md` says. */
import { numberOf } from '../checkers/rows.ts'
import type { Chance } from '../run/random.ts'
import type { World } from '../run/world.ts'
import { operatorCall, pause, shopCall, sleep } from './client.ts'

const MINUTE_MS = 60_000
const RATE = 0.15
const WEEK_S = 604_800
const TWICE_RATE = 0.3
/** How often the operator looks into `/runs` before the faults are over. */
const LOOKS_MAX = 8

/** Whether the operator restores the database in this seed. */
export const isRestored = (world: World): boolean => world.chance('restorer').happens(RATE)

/** Restores the database once or twice, and begins the recovery each time. */
export async function runRestorer(world: World): Promise<void> {
  if (!isRestored(world)) return
  const chance = world.chance('restores')
  const isTwice = chance.happens(TWICE_RATE)
  let restore: (() => void) | undefined
  let sinceMs = 0
  for (let left = isTwice ? 2 : 1; left > 0; left--) {
    // Some backups are older than the first orders, which are all lost.
    if (chance.happens(0.3)) await sleep(world, chance.below(2_000))
    else await wait(world, chance, 3)
    // A second restore may go back to the same moment, before the first recovery.
    if (restore === undefined || chance.happens(0.6)) {
      restore = world.sqlite.copy()
      sinceMs = world.scheduler.now()
      world.trace.add('restorer', 'this is the moment of the backup')
      // The checks tell by its time whether something was lost. So nothing else happens at the moment of the backup after it.
      world.scheduler.leap(1)
      await wait(world, chance, 4)
    }
    await restoreDatabase(world, chance, restore, sinceMs)
    await isRecovered(world)
    if (chance.happens(0.5)) await registerLostOrders(world)
    for (let looks = 0; looks < LOOKS_MAX && world.restores.isRecovering; looks++) {
      await sleep(world, chance.between(1, 3) * MINUTE_MS)
      if (await isRecovered(world)) await resume(world)
    }
  }
  if (isTwice) world.faults.count('situation:restored_twice')
}

async function wait(world: World, chance: Chance, most: number): Promise<void> {
  for (let left = chance.between(1, most); left > 0; left--) await pause(world, chance)
}

async function restoreDatabase(
  world: World,
  chance: Chance,
  restore: () => void,
  sinceMs: number,
): Promise<void> {
  const { trace, workers, network, scheduler, faults, restores } = world
  const isPausedBefore = chance.happens(0.7)
  if (isPausedBefore) await pauseRefunds(world, chance)
  // D1 ends all queries when it restores, so the Workers that wait for one end, too.
  workers.killAll()
  network.outage()
  if (chance.happens(0.5)) scheduler.leap(chance.between(1, 240) * MINUTE_MS)
  trace.add('restorer', `restores the database to ${new Date(sinceMs).toISOString()}`)
  restore()
  const restored = { sinceMs, atMs: scheduler.now(), lostNumbers: lostNumbersOf(world) }
  restores.add(restored)
  world.witness.restored(sinceMs)
  faults.count('situation:restored')
  if (restored.lostNumbers.size > 0) faults.count('situation:attempts_lost')
  if (!isPausedBefore) await pauseRefunds(world, chance)
}

const lostNumbersOf = ({ sqlite, wechat }: World): ReadonlySet<string> => {
  const known = new Set(sqlite.read('SELECT ordercode, number FROM attempts').map(numberOf))
  const all = wechat.books.orders().map(({ outTradeNo }) => outTradeNo)
  return new Set(all.filter((outTradeNo) => !known.has(outTradeNo)))
}

async function pauseRefunds(world: World, chance: Chance): Promise<void> {
  world.trace.add('restorer', 'deploys REFUNDS=paused')
  world.workers.deploy({ REFUNDS: 'paused' })
  await sleep(world, chance.between(0, MINUTE_MS))
  world.workers.retireOld()
}

/**
 * Posts `/recover`, which begins the recovery, or tells whether the one that has begun is finished. Reads `/runs`, too, as the
 * document says.
 */
export async function isRecovered(world: World): Promise<boolean> {
  const { restores, witness, faults } = world
  const sinceMs = restores.list.at(-1)?.sinceMs ?? 0
  const since = new Date(sinceMs).toISOString().replace(/\.\d+Z$/, 'Z')
  const call = { method: 'POST', path: '/recover', body: { since } } as const
  const answer = await operatorCall(world, call)
  if (answer !== undefined && answer.status !== 202 && answer.status < 500) {
    witness.report(`POST /recover of ${since} was refused: ${answer.status} ${answer.code}`)
  }
  const read = await operatorCall(world, { method: 'GET', path: '/runs' })
  const runs = Array.isArray(read?.body['runs']) ? (read.body['runs'] as readonly Run[]) : []
  if (runs.some(({ recovery }) => recovery !== undefined))
    faults.count('situation:recovery_reported')
  return answer?.status === 202 && answer.body['finished_at'] !== null
}

type Run = Readonly<{ recovery?: unknown }>

/**
 * Ends a recovery: calls off the refunds that were called off before, because they are `requested` again, and resumes refunds.
 *
 * @returns false when the Worker did not answer to a DELETE.
 */
export async function resume(world: World): Promise<boolean> {
  const { faults, restores, sqlite, trace, witness, workers } = world
  for (const outRefundNo of witness.cancelledBefore()) {
    const [row] = sqlite.read(
      "SELECT ordercode FROM refunds WHERE out_refund_no = ? AND state = 'requested'",
      outRefundNo,
    )
    if (row === undefined) continue
    const path = `/orders/${String(row['ordercode'])}/refunds/${encodeURIComponent(outRefundNo)}`
    const answer = await operatorCall(world, { method: 'DELETE', path })
    if (answer?.status !== 200) return false
    faults.count('situation:refund_cancelled_again')
    witness.refundCancelled(outRefundNo, String(answer.body['state']))
  }
  trace.add('restorer', 'the recovery is finished, deploys REFUNDS=on')
  faults.count('situation:recovered')
  restores.isRecovering = false
  workers.deploy({ REFUNDS: 'on' })
  workers.retireOld()
  return true
}

/**
 * The shop registers the orders again of which the Worker has no record any more, at their last price. They expire late, so that
 * their payments can be accepted before.
 */
export async function registerLostOrders(world: World): Promise<void> {
  const { faults, sqlite, witness } = world
  for (const ordercode of witness.registered()) {
    if (sqlite.read('SELECT 1 FROM orders WHERE ordercode = ?', ordercode).length > 0) continue
    const price = witness.priceOf(ordercode)
    const body = { total_fee: price, body: '测试商店-图书', expires_in: WEEK_S }
    witness.priceStated(ordercode, price)
    const call = { method: 'PUT', path: `/orders/${ordercode}`, body } as const
    const answer = await shopCall(world, 'shop again', call)
    if (answer?.status !== 201) continue
    faults.count('situation:order_registered_again')
    witness.priceConfirmed(ordercode, price, false)
  }
}
