import { parseOutTradeNo } from '../core/ids.ts'
import { findAttempt, type OrderView } from '../core/order.ts'
import type { Payment } from '../core/payment.ts'
import { err, ok, type Result } from '../core/result.ts'
import type { Deps } from './ports.ts'
import { queryAttempt } from './query-attempt.ts'

/**
 * A notice that only the previous key can explain is a hint: keys are changed because they leak. WeChat
 * is asked, and what it says under the current key is booked.
 */
export async function confirmHint(
  deps: Deps,
  payment: Payment,
): Promise<Result<OrderView, Readonly<{ reason: 'not_confirmed' }>>> {
  const ordercode = parseOutTradeNo(payment.outTradeNo)?.ordercode
  const view = ordercode === undefined ? undefined : await deps.store.load(ordercode)
  const attempt = view === undefined ? undefined : findAttempt(view, payment.outTradeNo)
  if (view === undefined || attempt === undefined) return err({ reason: 'not_confirmed' })

  const standing = await queryAttempt(deps, view, attempt)
  return standing.standing === 'paid' ? ok(standing.view) : err({ reason: 'not_confirmed' })
}
