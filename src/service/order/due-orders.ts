/** Orders that expire and attempts on their query schedule, as one run of the cron claims them. */
import type { OrderView } from '../../core/order/order.ts'
import type { UnixSeconds } from '../../core/time.ts'
import type { Deps } from '../../ports/deps.ts'
import type { ClaimLimits, DueRow, NextOrderDue } from '../../ports/order-store.ts'

export type DueOrders = Readonly<{
  /** No item may be under way when the lease ends. */
  leaseUntil: UnixSeconds
  items: readonly DueRow[]
  /** The order of an item, as it was when it was claimed. */
  viewOf: (item: DueRow) => OrderView | undefined
  /** Sets when the items are due again. */
  reschedule: (next: readonly NextOrderDue[]) => Promise<void>
}>

export async function claimDueOrders(
  { orders, now }: Pick<Deps, 'now' | 'orders'>,
  limits: ClaimLimits,
): Promise<DueOrders> {
  const claimed = await orders.claimDue(now(), limits)
  // An order that expires closes its own attempts.
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
