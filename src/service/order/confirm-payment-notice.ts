import { isRetryable } from '../../core/order/rejection.ts'
import { parseOutTradeNo } from '../../core/ids.ts'
import { haveSameIds } from '../../core/merchant.ts'
import { findAttempt, type OrderView } from '../../core/order/order.ts'
import type { Payment } from '../../core/order/payment.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import type { Deps } from '../../ports/deps.ts'
import { queryAttempt } from './query-attempt.ts'

type ConfirmPaymentNoticeDeps = Pick<
  Deps,
  'config' | 'deliverSoon' | 'log' | 'mayQuery' | 'now' | 'orders' | 'reviews' | 'wechat'
>

/**
 * Why a payment notice was not confirmed. `unknown_order`: no attempt has its number. `not_confirmed`: WeChat does
 * not report this payment. `no_answer`: WeChat gave no clear answer, or the order was queried a moment ago.
 */
export type NotConfirmed = Readonly<{ reason: 'unknown_order' | 'not_confirmed' | 'no_answer' }>

/**
 * Confirms a payment notice by a query, and records the payment from WeChat's answer. Needed where the signature is
 * not enough: under the previous API key, because keys are replaced when they leak; and for large amounts, because
 * the present key may have leaked, too. Takes two round trips to the database and one call at most.
 */
export async function confirmPaymentNotice(
  deps: ConfirmPaymentNoticeDeps,
  payment: Payment,
): Promise<Result<OrderView, NotConfirmed>> {
  const { transactionId, outTradeNo } = payment
  const ordercode = parseOutTradeNo(outTradeNo)?.ordercode
  const view = ordercode === undefined ? undefined : await deps.orders.load(ordercode)
  const attempt = view === undefined ? undefined : findAttempt(view, outTradeNo)
  if (view === undefined || attempt === undefined) return err({ reason: 'unknown_order' })
  if (!haveSameIds(payment, attempt.terms)) return err({ reason: 'not_confirmed' })

  // A payment that is recorded already needs no query. Other queries are limited per order, so that a
  // forger with a leaked key cannot make the Worker query WeChat without end.
  const has = ({ payments }: OrderView): boolean =>
    payments.some((each) => each.transactionId === transactionId)
  if (has(view)) return ok(view)
  if (!deps.mayQuery(view.order.ordercode)) return err({ reason: 'no_answer' })
  const status = await queryAttempt(deps, view, attempt)
  if ('view' in status && has(status.view)) return ok(status.view)
  deps.log({ event: 'hint_not_confirmed', ordercode: view.order.ordercode, reason: status.kind })
  const isTransient =
    status.kind === 'unknown' || (status.kind === 'rejected' && isRetryable(status.error.reason))
  return err({ reason: isTransient ? 'no_answer' : 'not_confirmed' })
}
