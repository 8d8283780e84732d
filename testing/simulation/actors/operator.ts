/** The operator and the platform: the cron, deployments, outages, decisions about reviews; and orders that WeChat closes. */
import type { Chance } from '../run/random.ts'
import type { World } from '../run/world.ts'
import { call, operatorCall, pause, sleep } from './client.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS

/** The cron: every minute; in some seeds late, twice in one minute, or not at all for up to five hours. */
export async function runCron(world: World, isOver: () => boolean): Promise<void> {
  const chance = world.chance('cron')
  const silentRate = chance.pick([0, 0.1, 0.8, 1])
  const twiceRate = chance.pick([0, 0.1, 0.5])
  let silentUntilMs = chance.happens(0.2) ? world.scheduler.now() + chance.below(5 * HOUR_MS) : 0
  while (!isOver()) {
    await sleep(world, MINUTE_MS - (world.scheduler.now() % MINUTE_MS) + chance.below(5_000))
    if (world.scheduler.now() < silentUntilMs || chance.happens(silentRate)) continue
    if (chance.happens(0.01)) silentUntilMs = world.scheduler.now() + chance.below(5 * HOUR_MS)
    // The platform does not wait for the previous run, so runs overlap when one takes long.
    void world.workers.cron()
    if (chance.happens(twiceRate)) {
      world.faults.count('situation:two_crons')
      void world.workers.cron()
    }
  }
}

/** Checks /health, works through the lists, deploys, or takes everything down for minutes, hours or days. */
export async function runOperator(world: World): Promise<void> {
  const chance = world.chance('operator')
  for (let left = chance.below(6); left > 0; left--) {
    await pause(world, chance)
    switch (chance.below(4)) {
      case 0:
        await call(world, 'operator', { method: 'GET', path: '/health' })
        break
      case 2:
        await workThroughLists(world, chance)
        break
      case 1:
        world.trace.add('operator', 'deploys: every Worker dies')
        world.faults.count('situation:deployment')
        world.workers.killAll()
        break
      default: {
        const leapMs = chance.pick([2, 20, 60, 300, 1_500, 4_000]) * MINUTE_MS
        world.trace.add('operator', `nothing runs for ${leapMs / MINUTE_MS} minutes`)
        world.faults.count('situation:outage')
        world.workers.killAll()
        world.network.outage()
        world.scheduler.leap(leapMs)
      }
    }
  }
}

/** Reads the lists, resends a webhook, and resolves a review. */
async function workThroughLists(world: World, chance: Chance): Promise<void> {
  await list(world, '/orders?limit=10', 'orders')
  await list(world, '/runs', 'runs')
  const deliveries = await list(world, '/deliveries', 'deliveries')
  if (deliveries.length > 0) {
    const { id } = chance.pick(deliveries)
    world.faults.count('situation:resent')
    await operatorCall(world, { method: 'POST', path: `/deliveries/${id}/resend` })
  }
  const reviews = await decidable(world)
  if (reviews.length > 0) await resolve(world, chance.pick(reviews).id, chance.happens(0.6))
}

const list = async (world: World, path: string, name: string): Promise<Item[]> => {
  const answer = await operatorCall(world, { method: 'GET', path })
  const items = answer?.status === 200 ? answer.body[name] : undefined
  return Array.isArray(items) ? (items as Item[]) : []
}

/** Reviews that the operator can resolve. Those caused by forged notices stay open: no operator would accept them. */
const decidable = async (world: World): Promise<Item[]> =>
  (await list(world, '/reviews?open=true', 'reviews')).filter(({ kind }) =>
    ['late_payment', 'second_payment'].includes(String(kind)),
  )

async function resolve(world: World, id: string, isRefund: boolean): Promise<void> {
  world.faults.count(`situation:review_${isRefund ? 'refunded' : 'resolved'}`)
  const body = { note: 'seen', ...(isRefund ? { action: 'refund' } : {}) }
  const path = `/reviews/${id}/resolve`
  const answer = await operatorCall(world, { method: 'POST', path, body })
  if (answer?.status === 501 && world.settings.hasCertificate) {
    world.witness.report('answer says refunds are not configured, but they are')
  }
}

/** At the end, the operator refunds every late and second payment whose review is still open. */
export async function refundOpenReviews(world: World): Promise<void> {
  for (const { id } of await decidable(world)) await resolve(world, id, true)
}

type Item = Readonly<{ id: string; kind?: string }>

/** WeChat closes or revokes an order on its own, without a notice. */
export async function runWeChatClosures(world: World): Promise<void> {
  const chance = world.chance('whims')
  for (let left = chance.below(3); left > 0; left--) {
    await pause(world, chance)
    const open = world.wechat.books.orders().filter(({ tradeState }) => tradeState === 'NOTPAY')
    if (open.length === 0 || !chance.happens(0.5)) continue
    world.faults.count('situation:closed_by_wechat')
    const state = chance.pick(['CLOSED', 'CLOSED', 'REVOKED'] as const)
    world.wechat.platform.setTradeState(chance.pick(open).outTradeNo, state)
  }
}
