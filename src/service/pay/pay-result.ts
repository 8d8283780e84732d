import { liveAttempt, type Order } from '../../core/order/order.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import type { Deps } from '../../ports/deps.ts'
import { queryAttempt } from '../order/query-attempt.ts'
import { readTicket } from './ticket.ts'

type PayResultDeps = Pick<
  Deps,
  'config' | 'deliverSoon' | 'log' | 'now' | 'orders' | 'reviews' | 'wechat'
>

/** However many pages poll, WeChat is asked about an order at most this often. */
const QUERY_INTERVAL_S = 3

/** What the paying page shows. Asks WeChat when the order is unpaid, so that no page waits for a notice. */
export async function payResult(
  deps: PayResultDeps,
  ticket: string,
): Promise<Result<Order, Readonly<{ reason: 'ticket_invalid' }>>> {
  const ordercode = await readTicket(await deps.config.ticketKey(), ticket, deps.now())
  const view = ordercode === undefined ? undefined : await deps.orders.load(ordercode)
  if (view === undefined) return err({ reason: 'ticket_invalid' })

  // The last one, when none is live: its close may have raced the payer.
  const attempt = liveAttempt(view) ?? view.attempts.at(-1)
  if (view.order.state === 'paid' || attempt === undefined) return ok(view.order)
  if (!(await deps.orders.claimQuerySlot(attempt.outTradeNo, QUERY_INTERVAL_S, deps.now()))) {
    return ok(view.order)
  }
  const status = await queryAttempt(deps, view, attempt)
  return ok('view' in status ? status.view.order : view.order)
}
