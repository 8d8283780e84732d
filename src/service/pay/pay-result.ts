import { isOurs } from '../../core/merchant.ts'
import { liveAttempt, type OrderView } from '../../core/order/order.ts'
import { type PayerResult, resultFor } from '../../core/order/pay-decision.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import type { Deps } from '../../ports/deps.ts'
import { queryAttempt } from '../order/query-attempt.ts'
import { readTicket, type Ticket } from './ticket.ts'

type PayResultDeps = Pick<
  Deps,
  'config' | 'deliverSoon' | 'log' | 'mayQuery' | 'now' | 'orders' | 'reviews' | 'wechat'
>

/**
 * Reads the order of a ticket, for the page on which the payer waits. Queries WeChat about the payer's own live
 * attempt, so that the page does not depend on a notice. Of another payer's attempt nothing is asked and nothing is
 * shown: a stranger with a ticket learns neither that, nor when, nor for how much another payer paid.
 *
 * @param from `wechat`: query, if the order may still be paid; `store`: show the order as it is stored.
 * @returns `ticket_invalid` when the ticket is forged or expired, or its order does not exist.
 */
export async function payResult(
  deps: PayResultDeps,
  text: string,
  from: 'wechat' | 'store',
): Promise<
  Result<PayerResult & Readonly<{ ordercode: string }>, Readonly<{ reason: 'ticket_invalid' }>>
> {
  const ticket = await readTicket(await deps.config.ticketKeys(), text, deps.now())
  const view = ticket === undefined ? undefined : await deps.orders.load(ticket.ordercode)
  if (ticket === undefined || view === undefined) return err({ reason: 'ticket_invalid' })

  const openid = await payerOf(ticket, view)
  const current = from === 'wechat' ? await withNewestAnswer(deps, view, openid) : view
  return ok({ ordercode: ticket.ordercode, ...resultFor(current, openid) })
}

/** The payer for whom the ticket was issued; undefined when the order has no attempt of this payer. */
async function payerOf(ticket: Ticket, { attempts }: OrderView): Promise<string | undefined> {
  for (const openid of new Set(attempts.map(({ terms }) => terms.openid))) {
    if (await ticket.belongsTo(openid)) return openid
  }
  return undefined
}

/**
 * Queries WeChat about the payer's live attempt, unless the order was queried just now. An attempt is over only when WeChat
 * has confirmed it, so nothing is asked about one that is: what WeChat accepts all the same, its notice and the cron tell.
 *
 * @returns the order afterwards.
 */
async function withNewestAnswer(
  deps: PayResultDeps,
  view: OrderView,
  openid: string | undefined,
): Promise<OrderView> {
  const attempt = liveAttempt(view)
  if (view.order.state === 'paid' || attempt === undefined || attempt.terms.openid !== openid) {
    return view
  }
  if (!isOurs(attempt.terms, deps.config) || !deps.mayQuery(view.order.ordercode)) return view
  const status = await queryAttempt(deps, view, attempt)
  return 'view' in status ? status.view : view
}
