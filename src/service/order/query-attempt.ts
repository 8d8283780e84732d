import type { Attempt } from '../../core/order/attempt.ts'
import type { OrderView } from '../../core/order/order.ts'
import type { Deps } from '../../ports/deps.ts'
import { type ApplyError, applyEvent } from '../apply-event.ts'
import { settlePayment } from './record-payment.ts'

/** How an attempt stands at WeChat, with what that meant for the order already written. */
export type Standing = Readonly<
  | { standing: 'paid'; view: OrderView }
  /** WeChat took money that may not be booked: a person must look. */
  | { standing: 'rejected'; error: ApplyError }
  | { standing: 'closed'; view: OrderView }
  | { standing: 'unpaid' | 'user_paying' | 'absent' }
  | { standing: 'unknown'; cause: string }
>

/** Asks WeChat about one attempt, and books or closes it by the answer. */
export async function queryAttempt(
  deps: Deps,
  view: OrderView,
  attempt: Attempt,
): Promise<Standing> {
  const reply = await deps.wechat.orderQuery(attempt.outTradeNo)
  switch (reply.kind) {
    case 'paid': {
      const settled = await settlePayment(deps, reply.payment, 'query', reply.refunded)
      return settled.ok
        ? { standing: 'paid', view: settled.value }
        : { standing: 'rejected', error: settled.error }
    }
    case 'closed': {
      const { outTradeNo } = attempt
      const reason = 'closed_at_wechat'
      const closed = await applyEvent(deps, view, { type: 'attempt_closed', outTradeNo, reason })
      return closed.ok
        ? { standing: 'closed', view: closed.value }
        : { standing: 'rejected', error: closed.error }
    }
    case 'unpaid':
    case 'user_paying':
    case 'absent':
      return { standing: reply.kind }
    case 'unknown':
      deps.log({
        event: 'query_unanswered',
        ordercode: view.order.ordercode,
        out_trade_no: attempt.outTradeNo,
        reason: reply.cause,
      })
      return { standing: 'unknown', cause: reply.cause }
  }
}
