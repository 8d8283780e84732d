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

const QUERY_INTERVAL_S = 3

/**
 * A notice that only the previous key can explain is a hint: keys are changed because they leak. WeChat
 * is asked, and what it says under the current key is booked.
 */
export async function confirmPaymentNotice(
  deps: ConfirmPaymentNoticeDeps,
  payment: Payment,
): Promise<Result<OrderView, Readonly<{ reason: 'not_confirmed' }>>> {
  const ordercode = parseOutTradeNo(payment.outTradeNo)?.ordercode
  const view = ordercode === undefined ? undefined : await deps.orders.load(ordercode)
  const attempt = view === undefined ? undefined : findAttempt(view, payment.outTradeNo)
  if (view === undefined || attempt === undefined) return err({ reason: 'not_confirmed' })

  // What is booked already needs no question, and a thief of the old key gets few for the rest.
  if (view.payments.some((each) => each.transactionId === payment.transactionId)) return ok(view)
  if (!(await deps.orders.claimQuerySlot(attempt.outTradeNo, QUERY_INTERVAL_S, deps.now()))) {
    return err({ reason: 'not_confirmed' })
  }
  const status = await queryAttempt(deps, view, attempt)
  if (status.kind === 'paid') return ok(status.view)
  deps.log({ event: 'hint_not_confirmed', ordercode: view.order.ordercode })
  return err({ reason: 'not_confirmed' })
}
