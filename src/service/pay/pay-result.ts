import { liveAttempt, type Order } from '../../core/order/order.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import type { Deps } from '../../ports/deps.ts'
import { queryAttempt } from '../order/query-attempt.ts'
import { readTicket } from './ticket.ts'

type PayResultDeps = Pick<
  Deps,
  'config' | 'deliverSoon' | 'log' | 'now' | 'orders' | 'reviews' | 'wechat'
>

/** The minimum time between two queries about one attempt, in seconds, however many pages call `/result`. */
const QUERY_INTERVAL_S = 3

/**
 * Reads the order of a ticket, for the page on which the payer waits. Queries WeChat while the order is
 * unpaid, so that the page does not depend on a notice.
 *
 * @returns `ticket_invalid` when the ticket is forged or expired, or its order does not exist.
 */
export async function payResult(
  deps: PayResultDeps,
  ticket: string,
): Promise<Result<Order, Readonly<{ reason: 'ticket_invalid' }>>> {
  const ordercode = await readTicket(await deps.config.ticketKey(), ticket, deps.now())
  const view = ordercode === undefined ? undefined : await deps.orders.load(ordercode)
  if (view === undefined) return err({ reason: 'ticket_invalid' })

  // Without a live attempt, WeChat is queried about the last
  // one: the payer may have paid while it was being closed.
  const attempt = liveAttempt(view) ?? view.attempts.at(-1)
  if (view.order.state === 'paid' || attempt === undefined) return ok(view.order)
  if (!(await deps.orders.claimQuerySlot(attempt.outTradeNo, QUERY_INTERVAL_S, deps.now()))) {
    return ok(view.order)
  }
  const status = await queryAttempt(deps, view, attempt)
  return ok('view' in status ? status.view.order : view.order)
}
