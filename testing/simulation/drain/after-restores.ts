/** After the faults: the recovery is finished, lost orders are registered again, and their payments are accepted. */
import { isRecovered, registerLostOrders, resume } from '../actors/restorer.ts'
import { operatorCall, shopCall, sleep } from '../actors/client.ts'
import { codeOf } from '../checkers/witness.ts'
import { billTimeOf, dayOf } from '../run/days.ts'
import { finish } from '../run/play.ts'
import type { World } from '../run/world.ts'

const MINUTE_MS = 60_000
/** The maximum number of rounds after which a recovery must be finished. A bill with many differences takes one or two for each. */
const ROUNDS_MAX = 1_500
/** How often a person repeats a request that was not answered, for example because the database was slow. */
const CALLS_MAX = 20
/** When the recovery goes on. */
const WAITING = `SELECT min(due_at) AS at FROM (
  SELECT due_at FROM attempts WHERE is_recovering = 1 UNION ALL SELECT due_at FROM bills)`

/**
 * Runs the cron until the recovery is finished, and then resumes refunds. In half of the seeds the lost orders are registered
 * again first, in the others only when reviews ask for them.
 */
export async function finishRecovery(world: World): Promise<void> {
  const { chance, restores, scheduler, sqlite, witness, workers } = world
  if (restores.list.length === 0) return
  if (chance('again').happens(0.5)) await finish(world, registerLostOrders(world))
  for (let rounds = 0; restores.isRecovering && rounds < ROUNDS_MAX; rounds++) {
    await finish(world, workers.cron())
    await finish(world, (async () => void ((await isRecovered(world)) && (await resume(world))))())
    // The clock skips the time until WeChat is asked again, or has made the bills.
    const [waiting] = sqlite.read(WAITING)
    const at = typeof waiting?.['at'] === 'number' ? waiting['at'] * 1_000 : 0
    scheduler.leap(Math.max(MINUTE_MS, at - scheduler.now()))
  }
  if (restores.isRecovering) witness.report('the recovery does not end')
  await finish(world, acceptAll(world))
}

/**
 * Registers the orders again that are still unknown, accepts the payments of unknown orders, and has their days reconciled once
 * more.
 */
export async function acceptLostPayments(
  world: World,
  playUntilIdle: () => Promise<boolean>,
): Promise<void> {
  if (world.restores.list.length === 0) return
  await finish(world, registerLostOrders(world))
  await finish(world, acceptAll(world))
  await playUntilIdle()
  for (const day of world.restores.daysAccepted) {
    if (world.scheduler.now() < billTimeOf(day)) continue
    await finish(world, reconcile(world, day))
    await playUntilIdle()
  }
}

/** Has a day reconciled again, until a Worker has answered. */
async function reconcile(world: World, day: string): Promise<void> {
  const path = `/bills/${day}/reconcile`
  for (let tries = 0; tries < CALLS_MAX; tries++) {
    const answer = await shopCall(world, 'auditor', { method: 'POST', path })
    if (answer?.status === 200) return
    // A request that was not answered may hold the day's lease, until when the answer is 409.
    await sleep(world, MINUTE_MS)
  }
}

async function acceptAll(world: World): Promise<void> {
  const { faults, restores, wechat } = world
  const path = '/reviews?open=true&limit=100'
  const answer = await operatorCall(world, { method: 'GET', path })
  const reviews = Array.isArray(answer?.body['reviews']) ? (answer.body['reviews'] as Review[]) : []
  for (const { id, kind, evidence } of reviews) {
    const capture = wechat.books
      .captures()
      .find(({ transactionId }) => transactionId === evidence.transaction_id)
    // The operator accepts only payments of orders that the shop knows. The others are forged.
    const isLost = restores.hasLostNumber(String(evidence.out_trade_no))
    const isOurs = kind === 'unknown_order' || (kind === 'foreign_payment' && isLost)
    if (!isOurs || capture === undefined) continue
    if (!world.cast.has(codeOf(String(evidence.out_trade_no)))) continue
    restores.daysAccepted.add(dayOf(capture.paidAt))
    const body = { note: 'lost with the restore', action: 'accept' }
    const call = { method: 'POST', path: `/reviews/${id}/resolve`, body } as const
    const accepted = await operatorCall(world, call)
    faults.count(`situation:lost_payment_${accepted?.status === 200 ? 'accepted' : 'not_accepted'}`)
  }
}

type Review = Readonly<{
  id: string
  kind: string
  evidence: Readonly<{ transaction_id?: string; out_trade_no?: string }>
}>
