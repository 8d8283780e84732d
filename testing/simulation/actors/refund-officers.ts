/** Operators who stop refunds: one calls single refunds off, another pauses and resumes all of them. */
import type { Chance } from '../run/random.ts'
import type { World } from '../run/world.ts'
import { type Answer, type Call, operatorCall, pause, sleep } from './client.ts'

/** How often the operator repeats a DELETE while WeChat or the database does not answer, or a message is under way. */
const TRIES_MAX = 3

/** Calls off up to eight refunds: mostly those that WeChat has not accepted yet, in some seeds as soon as there is one. */
export async function runCanceller(world: World): Promise<void> {
  const chance = world.chance('canceller')
  const isEager = chance.happens(0.3)
  let left = chance.pick([0, 1, 3, 8])
  for (let looks = 0; looks < 12 && left > 0; looks++) {
    await (isEager ? sleep(world, chance.between(0, 60_000)) : pause(world, chance))
    const refund = aRefund(world, chance)
    if (refund === undefined) continue
    left--
    if (chance.happens(0.2)) void world.workers.cron()
    const many = Array.from({ length: chance.pick([1, 1, 1, 2]) }, () =>
      cancel(world, chance, refund),
    )
    await Promise.all(many)
  }
}

type Numbers = Readonly<{ ordercode: string; outRefundNo: string }>

/** A refund that waits, rarely one in another state. */
function aRefund({ sqlite }: World, chance: Chance): Numbers | undefined {
  const states = chance.happens(0.9)
    ? "'requested'"
    : "'processing', 'refused', 'closed', 'abnormal', 'succeeded'"
  const rows = sqlite.read(
    `SELECT ordercode, out_refund_no FROM refunds WHERE state IN (${states}) ORDER BY out_refund_no`,
  )
  if (rows.length === 0) return undefined
  const row = chance.pick(rows)
  return { ordercode: String(row['ordercode']), outRefundNo: String(row['out_refund_no']) }
}

/** Calls a refund off, and repeats the request a few times while it is refused for now. @param caller Default: an operator. */
export async function cancel(
  world: World,
  chance: Chance,
  { ordercode, outRefundNo }: Numbers,
  caller: (what: Call) => Promise<Answer | undefined> = (what) => operatorCall(world, what),
): Promise<void> {
  const path = `/orders/${ordercode}/refunds/${encodeURIComponent(outRefundNo)}`
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    const answer = await caller({ method: 'DELETE', path })
    world.faults.count(`cancel:${answer?.code ?? answer?.status ?? 'no answer'}`)
    if (answer?.status === 200) {
      const wasSent = world.sqlite.read(
        'SELECT 1 FROM refunds WHERE out_refund_no = ? AND started_at IS NOT NULL',
        outRefundNo,
      )
      world.faults.count(
        `situation:refund_cancelled_${wasSent.length > 0 ? 'after_a_try' : 'unsent'}`,
      )
      world.witness.refundCancelled(outRefundNo, String(answer.body['state']))
      return
    }
    if (answer?.status === 404 || chance.happens(0.4)) return
    await sleep(world, chance.between(1_000, 130_000))
  }
}

/** Pauses all refunds and resumes them, up to twice. Each deployment leaves the other isolate with the old value for a while. */
export async function runPauser(world: World): Promise<void> {
  const chance = world.chance('pauser')
  if (!chance.happens(0.35)) return
  for (let left = chance.between(1, 2); left > 0; left--) {
    await pause(world, chance)
    world.faults.count('situation:refunds_paused')
    await deploy(world, chance, 'paused')
    for (let pauses = chance.between(1, 3); pauses > 0; pauses--) await pause(world, chance)
    // Some pauses last until the faults are over.
    if (left === 1 && chance.happens(0.4)) {
      world.faults.count('situation:paused_until_the_end')
      return
    }
    world.faults.count('situation:refunds_resumed')
    await deploy(world, chance, 'on')
  }
}

async function deploy(world: World, chance: Chance, refunds: 'on' | 'paused'): Promise<void> {
  const { trace, workers } = world
  trace.add('pauser', `deploys REFUNDS=${refunds}`)
  workers.deploy({ REFUNDS: refunds })
  await sleep(world, chance.between(0, 60_000))
  trace.add('pauser', 'the previous deployment ends')
  workers.retireOld()
}
