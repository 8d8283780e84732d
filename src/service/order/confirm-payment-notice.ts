import { parseOutTradeNo } from '../../core/ids.ts'
import { findAttempt, type OrderView } from '../../core/order/order.ts'
import type { Payment } from '../../core/order/payment.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import type { Deps } from '../../ports/deps.ts'
import { queryAttempt } from './query-attempt.ts'

type ConfirmPaymentNoticeDeps = Pick<
  Deps,
  'config' | 'deliverSoon' | 'log' | 'now' | 'orders' | 'reviews' | 'wechat'
>

/**
 * The minimum time between two queries about one attempt, in
 * seconds, however many notices under the previous key arrive.
 */
const QUERY_INTERVAL_S = 3

/**
 * Confirms a payment notice that verifies only under the previous API key. Keys are replaced because they
 * leak, so such a notice proves nothing. The Worker queries WeChat, and records the payment from WeChat's
 * answer, which is signed under the current key.
 */
export async function confirmPaymentNotice(
  deps: ConfirmPaymentNoticeDeps,
  payment: Payment,
): Promise<Result<OrderView, Readonly<{ reason: 'not_confirmed' }>>> {
  const ordercode = parseOutTradeNo(payment.outTradeNo)?.ordercode
  const view = ordercode === undefined ? undefined : await deps.orders.load(ordercode)
  const attempt = view === undefined ? undefined : findAttempt(view, payment.outTradeNo)
  if (view === undefined || attempt === undefined) return err({ reason: 'not_confirmed' })

  // A payment that is recorded already needs no query. Other queries are limited per attempt, so that a
  // forger with the leaked key cannot make the Worker query WeChat without end.
  if (view.payments.some((each) => each.transactionId === payment.transactionId)) return ok(view)
  if (!(await deps.orders.claimQuerySlot(attempt.outTradeNo, QUERY_INTERVAL_S, deps.now()))) {
    return err({ reason: 'not_confirmed' })
  }
  const status = await queryAttempt(deps, view, attempt)
  if (status.kind === 'paid') return ok(status.view)
  deps.log({ event: 'hint_not_confirmed', ordercode: view.order.ordercode })
  return err({ reason: 'not_confirmed' })
}
