/** Claims expired orders, or the attempts that are due for a query, for one run of the cron. */
import type { OrderView } from '../../core/order/order.ts'
import type { UnixSeconds } from '../../core/time.ts'
import { webhookId } from '../../core/webhook.ts'
import type { Deps } from '../../ports/deps.ts'
import type { ClaimedOrders, DueRow, NextOrderDue } from '../../ports/order-store.ts'
import { withoutOtherMerchants } from '../other-merchants.ts'

type DueOrdersDeps = Pick<Deps, 'config' | 'deliverSoon' | 'log' | 'now' | 'orders' | 'reviews'>

/** Due orders or attempts that are leased to this run. */
export type DueOrders = Readonly<{
  /** How many were claimed; those of other merchant numbers are set aside, and not among the items. */
  claimed: number
  /** When the lease of the items ends. No item may still run then, because another run may claim it. */
  leaseUntil: UnixSeconds
  items: readonly DueRow[]
  /** The order to which a claimed item belongs, as it was read right after the claim. */
  viewOf: (item: DueRow) => OrderView | undefined
  /** Stores when the cron looks at claimed orders and attempts again. */
  reschedule: (next: readonly NextOrderDue[]) => Promise<void>
}>

/** Leases due attempts to this run, the longest due first, and reads their orders. */
export const claimDueAttempts = async (deps: DueOrdersDeps, limit: number): Promise<DueOrders> =>
  withViews(deps, await deps.orders.claimDueAttempts(deps.now(), limit))

/** Leases orders that expired and have an attempt to this run, the longest due first, and reads them. */
export const claimExpiredOrders = async (deps: DueOrdersDeps, limit: number): Promise<DueOrders> =>
  withViews(deps, await deps.orders.claimExpired(deps.now(), limit))

/** Closes orders that expired without any attempt, as one set. @returns how many. */
export async function expireUntouched(
  { deliverSoon, log, now, orders }: Pick<Deps, 'deliverSoon' | 'log' | 'now' | 'orders'>,
  limit: number,
): Promise<number> {
  const closed = await orders.expireUntouched(now(), limit)
  for (const ordercode of closed) log({ event: 'order_closed', ordercode, reason: 'expired' })
  if (closed.length > 0) {
    deliverSoon(closed.map((subject) => webhookId({ type: 'order.closed', subject })))
  }
  return closed.length
}

async function withViews(deps: DueOrdersDeps, claimed: ClaimedOrders): Promise<DueOrders> {
  const ordercodes = [...new Set(claimed.items.map(({ ordercode }) => ordercode))]
  const views = new Map(
    (await deps.orders.loadMany(ordercodes)).map((view) => [view.order.ordercode, view]),
  )
  const viewOf = ({ ordercode }: DueRow): OrderView | undefined => views.get(ordercode)
  return {
    claimed: claimed.items.length,
    leaseUntil: claimed.leaseUntil,
    items: await withoutOtherMerchants(deps, claimed.items, viewOf),
    viewOf,
    reschedule: (next) => deps.orders.reschedule(claimed, next),
  }
}
