/** Claims expired orders and the attempts that are due for a query, for one run of the cron. */
import type { OrderView } from '../../core/order/order.ts'
import type { UnixSeconds } from '../../core/time.ts'
import type { Deps } from '../../ports/deps.ts'
import type { ClaimLimits, DueRow, NextOrderDue } from '../../ports/order-store.ts'

/** Due orders and attempts that are leased to this run. */
export type DueOrders = Readonly<{
  /** When the lease of the items ends. No item may still run then, because another run may claim it. */
  leaseUntil: UnixSeconds
  items: readonly DueRow[]
  /** The order to which a claimed item belongs, as it was read right after the claim. */
  viewOf: (item: DueRow) => OrderView | undefined
  /** Stores when the cron looks at claimed orders and attempts again. */
  reschedule: (next: readonly NextOrderDue[]) => Promise<void>
}>

/**
 * Leases due orders and attempts to this run, the longest due first, and reads their orders.
 *
 * @param limits The maximum numbers of orders and of attempts to claim.
 */
export async function claimDueOrders(
  { orders, now }: Pick<Deps, 'now' | 'orders'>,
  limits: ClaimLimits,
): Promise<DueOrders> {
  const claimed = await orders.claimDue(now(), limits)
  // Attempts of orders that have expired are left out, because closing an order closes its attempts.
  const expiring = new Set(
    claimed.items.filter(({ number }) => number === undefined).map(({ ordercode }) => ordercode),
  )
  const items = claimed.items.filter(
    ({ ordercode, number }) => number === undefined || !expiring.has(ordercode),
  )
  const ordercodes = [...new Set(items.map(({ ordercode }) => ordercode))]
  const views = new Map(
    (await orders.loadMany(ordercodes)).map((view) => [view.order.ordercode, view]),
  )
  return {
    leaseUntil: claimed.leaseUntil,
    items,
    viewOf: ({ ordercode }) => views.get(ordercode),
    reschedule: (next) => orders.reschedule(claimed, next),
  }
}
