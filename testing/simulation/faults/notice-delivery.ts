/** Delivery of WeChat's notices: lost, late, duplicated, or repeated after days. */
import { send } from '../actors/client.ts'
import type { Chance } from '../run/random.ts'
import type { World } from '../run/world.ts'

const LOST_FOR_GOOD_RATE = 0.25
const DUPLICATE_RATE = 0.3
const HOURS_LATE_RATE = 0.15
const OLD_NOTICES_MAX = 30

/** After a payment: decides whether its notice is lost, duplicated or late, and starts its delivery. */
export function schedulePaymentNotice(world: World, outTradeNo: string, chance: Chance): void {
  const { wechat, faults } = world
  if (chance.happens(LOST_FOR_GOOD_RATE)) {
    wechat.notices.ofPayments.loseNext(outTradeNo)
    faults.count('situation:notice_lost')
  } else if (chance.happens(DUPLICATE_RATE)) {
    wechat.notices.ofPayments.duplicateNext(chance.between(2, 4))
    faults.count('situation:notice_duplicated')
  }
  const late = chance.happens(HOURS_LATE_RATE)
  if (late) {
    faults.count('situation:notice_late')
    world.mail.mutedUntilMs = world.scheduler.now() + chance.between(600_000, 20_000_000)
  }
  void deliverFrom(world, chance.pick([0, 0, 1_000, 20_000]))
}

/** After WeChat accepted a refund: decides whether its notices are lost, duplicated or late, and starts their delivery. */
export function scheduleRefundNotices(world: World, outRefundNo: string, chance: Chance): void {
  const { wechat, faults } = world
  if (chance.happens(LOST_FOR_GOOD_RATE)) {
    wechat.notices.ofRefunds.loseNext(outRefundNo)
    faults.count('situation:refund_notice_lost')
  } else if (chance.happens(DUPLICATE_RATE)) {
    wechat.notices.ofRefunds.duplicateNext(chance.between(2, 4))
    faults.count('situation:refund_notice_duplicated')
  }
  if (chance.happens(HOURS_LATE_RATE)) {
    faults.count('situation:refund_notice_late')
    world.mail.mutedUntilMs = world.scheduler.now() + chance.between(600_000, 20_000_000)
  }
  void deliverFrom(world, chance.pick([0, 1_000, 20_000]))
}

/**
 * Delivers the notices that are due after `delayMs`, and then each retry when its time comes,
 * until the phase with faults is over.
 */
export async function deliverFrom(world: World, delayMs: number): Promise<void> {
  const { scheduler, mail, wechat } = world
  await scheduler.point(undefined, Math.max(delayMs, mail.mutedUntilMs - scheduler.now()))
  if (mail.isOver) return
  if (scheduler.now() >= mail.mutedUntilMs) await deliverDue(world)
  const nextMs = wechat.notices.nextDueAt()
  if (nextMs !== undefined) void deliverFrom(world, Math.max(1_000, nextMs - scheduler.now()))
}

/** Delivers all notices that are due now, and keeps them for replays by the forger. */
export async function deliverDue(world: World): Promise<void> {
  const made = await world.wechat.notices.deliverDue((request) => send(world, request))
  for (const { outcome, url, body, outRefundNo } of made) {
    world.faults.count(`${outRefundNo === undefined ? 'notice' : 'refund_notice'}:${outcome}`)
    world.mail.sent.push({ url, body })
    if (world.mail.sent.length > OLD_NOTICES_MAX) world.mail.sent.shift()
  }
}
