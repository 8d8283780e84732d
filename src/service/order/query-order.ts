import type { OrderView } from '../../core/order/order.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import type { Deps } from '../../ports/deps.ts'
import { importRefunds } from '../refund/import-refunds.ts'
import { queryAttempt } from './query-attempt.ts'

type QueryOrderDeps = Pick<
  Deps,
  'config' | 'deliverSoon' | 'log' | 'now' | 'orders' | 'refunds' | 'reviews' | 'wechat'
>

export type QueryError = Readonly<{ reason: 'order_not_found' | 'wechat_unavailable' }>

/**
 * Asks WeChat now about every attempt that is not booked, the one that can be paid first, and about
 * the refunds of every payment that is.
 */
export async function queryOrder(
  deps: QueryOrderDeps,
  ordercode: string,
): Promise<Result<OrderView, QueryError>> {
  let view = await deps.orders.load(ordercode)
  if (view === undefined) return err({ reason: 'order_not_found' })
  const unbooked = view.attempts.filter(({ state }) => state !== 'paid').toReversed()

  for (const attempt of unbooked) {
    const status = await queryAttempt(deps, view, attempt)
    if (status.kind === 'unknown') return err({ reason: 'wechat_unavailable' })
    if ('view' in status) view = status.view
  }
  for (const { transactionId } of view.payments) {
    const discovered = await importRefunds(deps, view, transactionId)
    if (discovered.known === undefined) return err({ reason: 'wechat_unavailable' })
    view = discovered.view
  }
  return ok(view)
}
