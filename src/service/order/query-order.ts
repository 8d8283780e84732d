import type { TransactionId } from '../../core/ids.ts'
import { isOurs } from '../../core/merchant.ts'
import type { OrderView } from '../../core/order/order.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import type { Deps } from '../../ports/deps.ts'
import { importRefunds } from '../refund/import-refunds.ts'
import { queryAttempt } from './query-attempt.ts'

type QueryOrderDeps = Pick<
  Deps,
  'config' | 'deliverSoon' | 'log' | 'now' | 'orders' | 'refunds' | 'reviews' | 'wechat'
>

/**
 * Why an order was not queried. `wechat_unavailable`: the state of an attempt is not known. `other_merchant`: an
 * attempt or payment belongs to another merchant number, about which WeChat cannot be asked. The answers that WeChat
 * has given are stored.
 */
export type QueryError = Readonly<{
  reason: 'order_not_found' | 'wechat_unavailable' | 'other_merchant'
}>

/** An order after WeChat was queried about it. */
export type QueriedOrder = Readonly<{
  view: OrderView
  /** The payments whose refunds WeChat did not list: these refunds are as they were before. */
  refundsUnanswered: readonly TransactionId[]
}>

/**
 * Queries WeChat about an order now: first about every attempt that is not recorded as paid, beginning with
 * the newest, because only the newest can be live; then about the refunds of every recorded payment.
 * When WeChat does not list the refunds of a payment, the answers about the attempts still count: the cron follows
 * up the refunds that are known.
 */
export async function queryOrder(
  deps: QueryOrderDeps,
  ordercode: string,
): Promise<Result<QueriedOrder, QueryError>> {
  let view = await deps.orders.load(ordercode)
  if (view === undefined) return err({ reason: 'order_not_found' })
  const unpaid = view.attempts.filter(({ state }) => state !== 'paid').toReversed()
  const isComplete = view.attempts.every(({ terms }) => isOurs(terms, deps.config))

  for (const attempt of unpaid.filter(({ terms }) => isOurs(terms, deps.config))) {
    const status = await queryAttempt(deps, view, attempt)
    if (status.kind === 'unknown') return err({ reason: 'wechat_unavailable' })
    if ('view' in status) view = status.view
  }
  const refundsUnanswered: TransactionId[] = []
  for (const payment of view.payments.filter((each) => isOurs(each, deps.config))) {
    const { transactionId } = payment
    const imported = await importRefunds(deps, view, payment)
    if (imported.known === undefined) {
      deps.log({ event: 'refunds_unanswered', ordercode, transaction_id: transactionId })
      refundsUnanswered.push(transactionId)
    }
    view = imported.view
  }
  return isComplete ? ok({ view, refundsUnanswered }) : err({ reason: 'other_merchant' })
}
