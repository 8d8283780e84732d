/** Queries WeChat about due attempts, and closes orders that expired. */
import type { OrderView } from '../core/order/order.ts'
import { later } from '../core/time.ts'
import type { Budget, Cost } from '../ports/budget.ts'
import type { Deps } from '../ports/deps.ts'
import type { DueRow, NextOrderDue } from '../ports/order-store.ts'
import {
  CLAIM_ORDERS,
  COSTS,
  EXPIRE_UNTOUCHED,
  RESCHEDULE,
  WRITE_CLOSED,
} from '../service/costs.ts'
import { ClosingsTogether } from '../service/order/close-together.ts'
import {
  claimDueAttempts,
  claimExpiredOrders,
  type DueOrders,
  expireUntouched,
} from '../service/order/due-orders.ts'
import { followUpAttempt, followUpOrder } from '../service/order/follow-up.ts'
import { isAway, NO_ROOM, type Slice, SLICE_S } from './queue.ts'
import { catchAndLog, runPool } from './work-pool.ts'

type DueOrdersDeps = Pick<
  Deps,
  'config' | 'deliverSoon' | 'log' | 'now' | 'orders' | 'refunds' | 'reviews' | 'wechat'
>

/** How many attempts, expired orders with an attempt, and untouched orders a slice has at most. */
const ATTEMPTS = 120
const EXPIRED = 60
const UNTOUCHED = 200
/** What most items cost: so many are claimed. An item begins only if its largest cost fits. */
const QUERY: Cost = { calls: 1, statements: 0 }
const CLOSE: Cost = { calls: 3, statements: 0 }

/** The cost of claiming expired orders, and of all that comes after their calls. */
const CLAIM_EXPIRED: Cost = {
  calls: 0,
  statements: CLAIM_ORDERS.statements - RESCHEDULE.statements + WRITE_CLOSED.statements,
}

/** How long the follow-up of one item takes at most. An item that could outlast the lease is not begun. */
const ITEM_SECONDS_MAX = 50

/** Claims due attempts and queries WeChat about each. */
export async function queryDueAttempts(deps: DueOrdersDeps, budget: Budget): Promise<Slice> {
  if (!budget.allows(COSTS.order, 1, CLAIM_ORDERS)) return NO_ROOM
  const limit = Math.min(ATTEMPTS, roomFor(budget, QUERY, CLAIM_ORDERS))
  return followUp(deps, budget, await claimDueAttempts(deps, limit), limit)
}

/** Closes orders that expired without any attempt, as a set. */
export async function closeUntouchedOrders(deps: DueOrdersDeps, budget: Budget): Promise<Slice> {
  if (!budget.allows(EXPIRE_UNTOUCHED)) return NO_ROOM
  const expired = await expireUntouched(deps, UNTOUCHED)
  return { more: expired === UNTOUCHED, away: false, did: { expired } }
}

/** Claims orders that expired with an attempt, closes each at WeChat, and then all of them here. */
export async function closeExpiredOrders(deps: DueOrdersDeps, budget: Budget): Promise<Slice> {
  if (!budget.allows(COSTS.order, 1, CLAIM_EXPIRED)) return NO_ROOM
  const limit = Math.min(EXPIRED, roomFor(budget, CLOSE, CLAIM_EXPIRED))
  const closings = new ClosingsTogether(deps)
  return followUp(closings.deps, budget, await claimExpiredOrders(deps, limit), limit, closings)
}

/** How many items are claimed: the last of them must still fit with its largest cost, so that none is claimed in vain. */
const roomFor = (budget: Budget, usual: Cost, claim: Cost): number =>
  budget.room(usual, {
    calls: claim.calls + COSTS.order.calls - usual.calls,
    statements: claim.statements + COSTS.order.statements - usual.statements,
  })

async function followUp(
  deps: DueOrdersDeps,
  budget: Budget,
  due: DueOrders,
  limit: number,
  closings?: ClosingsTogether<DueOrdersDeps>,
): Promise<Slice> {
  const count = { booked: 0, closed: 0, waiting: 0, unanswered: 0, failed: 0 }
  const next: NextOrderDue[] = []
  const followItem = async (item: DueRow, view: OrderView): Promise<void> => {
    const followed = await catchAndLog(deps, () =>
      item.number === undefined
        ? followUpOrder(deps, view)
        : followUpAttempt(deps, view, item.number),
    )
    if (followed === 'failed') {
      count.failed++
    } else {
      count[followed.result]++
      next.push({ ...item, dueAt: followed.dueAt, isAnswered: followed.isAnswered })
    }
  }
  const followedUp: Promise<void>[] = []
  const end = later(deps.now(), SLICE_S)
  const rest = closings === undefined ? RESCHEDULE : WRITE_CLOSED
  const left = await runPool(
    due.items,
    (running) =>
      budget.allows(COSTS.order, running + 1, rest) &&
      deps.now() < end &&
      deps.now() < later(due.leaseUntil, -ITEM_SECONDS_MAX),
    async (item) => {
      const view = due.viewOf(item)
      if (view === undefined) return
      const decided = closings?.decided(item.ordercode)
      const done = followItem(item, view)
      followedUp.push(done)
      await (decided === undefined ? done : Promise.race([done, decided]))
    },
  )
  await closings?.write()
  await Promise.all(followedUp)
  // Due orders and attempts that were not begun keep their due time, so that the next slice begins with them.
  next.push(...left.map((item) => ({ ...item, isAnswered: false })))
  await due.reschedule(next)
  const { unanswered, failed } = count
  return {
    // What a slow WeChat has left is still due.
    more: due.claimed === limit,
    away: isAway(unanswered, due.items.length - left.length - unanswered - failed),
    did: { due: due.claimed, ...count, left: left.length },
  }
}
