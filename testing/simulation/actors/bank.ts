/** The banks that complete refunds, the balance of the merchant's account, and refunds made on the merchant platform. */
import { codeOf } from '../checkers/witness.ts'
import { deliverFrom } from '../faults/notice-delivery.ts'
import type { Chance } from '../run/random.ts'
import type { World } from '../run/world.ts'
import { pause } from './client.ts'

/** Ends refunds that are under way: they succeed, get stuck (CHANGE) or are closed, some soon and some late. */
export async function runBank(world: World): Promise<void> {
  const { wechat, faults } = world
  const chance = world.chance('bank')
  if (chance.happens(0.4)) {
    wechat.platform.holdRefunds()
    faults.count('situation:refunds_hang')
  }
  for (let left = chance.between(2, 8); left > 0; left--) {
    await pause(world, chance)
    const open = wechat.books
      .refunds()
      .filter(({ status }) => status === 'PROCESSING' || status === 'CHANGE')
    if (open.length === 0) continue
    const { outRefundNo, status } = chance.pick(open)
    if (status === 'CHANGE' && chance.happens(0.6)) continue
    const end =
      status === 'CHANGE'
        ? 'SUCCESS'
        : chance.pick(['SUCCESS', 'SUCCESS', 'CHANGE', 'REFUNDCLOSE'] as const)
    faults.count(
      status === 'CHANGE' ? 'situation:abnormal_refund_succeeded' : `situation:refund_${end}`,
    )
    wechat.platform.settleRefund(outRefundNo, end)
    void deliverFrom(world, 0)
  }
}

/** In some seeds the merchant's account is short of money for a while, until the merchant tops it up. */
export async function runTreasurer(world: World): Promise<void> {
  const chance = world.chance('treasurer')
  if (!chance.happens(0.3)) return
  world.wechat.platform.setBalance(chance.between(0, 60_000))
  for (let left = chance.between(2, 6); left > 0; left--) await pause(world, chance)
  world.faults.count('situation:balance_topped_up')
  world.wechat.platform.setBalance(Infinity)
}

/** The merchant's staff refunds payments on WeChat's merchant platform, without the Worker. */
export async function runPlatform(world: World): Promise<void> {
  const chance = world.chance('platform')
  for (let left = chance.below(4); left > 0; left--) {
    await pause(world, chance)
    const captures = world.wechat.books.captures()
    if (captures.length === 0) continue
    const { outTradeNo } = chance.pick(captures)
    if (chance.happens(0.1)) {
      // One payment gets up to 24 refunds, so that the Worker must read several pages of refundquery to find them all.
      world.faults.count('situation:many_platform_refunds')
      for (let n = chance.between(8, 24); n > 0; n--) {
        world.wechat.platform.refund(outTradeNo, { refundFee: 1 })
      }
    } else refundOnPlatform(world, chance, outTradeNo)
  }
}

/** Refunds a payment on the merchant platform. @param everything Refunds the whole payment; otherwise a random part of it. */
export function refundOnPlatform(
  world: World,
  chance: Chance,
  outTradeNo: string,
  everything = chance.happens(0.5),
): void {
  const { wechat, faults } = world
  const total = wechat.books.order(outTradeNo)?.totalFee ?? 1
  // The merchant's staff may use a refund number that the shop uses, too.
  const outRefundNo = `${codeOf(outTradeNo)}-${chance.below(6)}`
  const refunded = wechat.platform.refund(outTradeNo, {
    refundFee: everything ? total : chance.between(1, total),
    ...(chance.happens(0.2) ? { outRefundNo } : {}),
  })
  faults.count(refunded.ok ? 'situation:platform_refund' : 'situation:platform_refund_refused')
}
