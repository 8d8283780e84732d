/**
 * Payments that WeChat lets through long after their attempt was closed or has expired. The Worker asks about a closed attempt
 * for 24 hours, so later ones are found by a notice, or else by the bill of their day.
 */
import { mayRace, RACE_MS } from '../actors/payer.ts'
import type { World } from '../run/world.ts'

/** The share of the seeds in which WeChat lets late payments through, and of their unpaid orders that are paid. */
const SEED_RATE = 0.25
const ORDER_RATE = 0.5
/** The last query about a closed attempt, counted from its close. */
const LAST_QUERY_MS = 24 * 3_600_000

/** The late payments of a seed, made while the drain moves the clock. */
export type LateRaces = Readonly<{
  /** Makes the payments whose time has come. */
  run: () => void
  /** When the next payment is made; undefined while no more of the closed orders will be paid. */
  nextMs: () => number | undefined
}>

/** Draws which of the orders that are unpaid at WeChat are paid late, each up to 72 hours after its close, and when. */
export function planLateRaces(world: World): LateRaces {
  const { wechat, closedAtMs, faults, scheduler } = world
  const chance = world.chance('late races')
  const unpaid = wechat.books.orders().filter(({ capture }) => capture === undefined)
  const isSeed = chance.happens(SEED_RATE)
  const left = new Map(
    unpaid.flatMap(({ outTradeNo }) => {
      const race = { afterMs: chance.below(RACE_MS), isHeard: chance.happens(0.3) }
      return isSeed && chance.happens(ORDER_RATE) ? [[outTradeNo, race] as const] : []
    }),
  )
  /** When an order is paid; undefined while it is not closed. A time that has passed means now. */
  const timeOf = (outTradeNo: string, afterMs: number): number | undefined => {
    const closedMs = closedAtMs.get(outTradeNo)
    return closedMs === undefined ? undefined : closedMs + afterMs
  }
  return {
    run() {
      for (const [outTradeNo, { afterMs, isHeard }] of left) {
        if ((timeOf(outTradeNo, afterMs) ?? Infinity) > scheduler.now()) continue
        left.delete(outTradeNo)
        if (!mayRace(world, outTradeNo)) continue
        if (!isHeard) wechat.notices.ofPayments.loseNext(outTradeNo)
        if (!wechat.payer.pay(outTradeNo, { despiteClose: true }).ok) continue
        const isAfterLastQuery = afterMs > LAST_QUERY_MS
        faults.count(`situation:late_race_${isAfterLastQuery ? 'after' : 'before'}_the_last_query`)
        if (isAfterLastQuery && !isHeard) faults.count('situation:late_race_only_in_the_bill')
      }
    },
    nextMs() {
      const times = [...left].flatMap(
        ([outTradeNo, { afterMs }]) => timeOf(outTradeNo, afterMs) ?? [],
      )
      return times.length === 0 ? undefined : Math.min(...times)
    },
  }
}
