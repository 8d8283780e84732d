import type { Attempt } from '../../core/order/attempt.ts'
import type { AttemptEnd, CloseReason, OrderEvent, OrderView } from '../../core/order/order.ts'
import type { Deps } from '../../ports/deps.ts'
import { type ApplyError, applyEvent } from '../apply-event.ts'
import { recordQueriedPayment } from './record-queried-payment.ts'

type QueryAttemptDeps = Pick<
  Deps,
  'config' | 'deliverSoon' | 'log' | 'now' | 'orders' | 'reviews' | 'wechat'
>

/**
 * The status of an attempt at WeChat. The Worker has changed
 * the order accordingly, and `view` is the order afterwards.
 */
export type AttemptStatus = Readonly<
  | { kind: 'paid'; view: OrderView }
  /** The attempt was paid, and the money goes back. So the attempt is over, and the order is not paid. */
  | { kind: 'returned'; view: OrderView }
  /**
   * WeChat's answer could not be applied: the payment must not be recorded without a person's decision, or
   * concurrent requests changed the order.
   */
  | { kind: 'rejected'; error: ApplyError }
  | { kind: 'closed'; view: OrderView }
  | { kind: 'unpaid' | 'user_paying' | 'absent' }
  /** WeChat gave no clear answer, so the attempt's state at WeChat is unknown. */
  | { kind: 'unknown'; cause: string }
>

/**
 * Queries WeChat about one attempt. If WeChat's answer says so, records the payment or closes the attempt.
 *
 * @param closing Why the order is being closed: then the order closes with its attempt. Undefined when it stays open.
 */
export async function queryAttempt(
  deps: QueryAttemptDeps,
  view: OrderView,
  attempt: Attempt,
  closing?: CloseReason,
): Promise<AttemptStatus> {
  const reply = await deps.wechat.orderQuery(attempt.outTradeNo, attempt.terms)
  switch (reply.kind) {
    case 'paid': {
      const recorded = await recordQueriedPayment(deps, reply, 'query')
      if (recorded.ok) {
        const { value } = recorded
        return { kind: value.order.state === 'paid' ? 'paid' : 'returned', view: value }
      }
      const { error } = recorded
      return error.reason === 'refunds_unknown'
        ? { kind: 'unknown', cause: error.reason }
        : { kind: 'rejected', error }
    }
    case 'closed': {
      const closed = await applyEvent(deps, view, attemptEnd(attempt, 'closed_at_wechat', closing))
      return closed.ok
        ? { kind: 'closed', view: closed.value }
        : { kind: 'rejected', error: closed.error }
    }
    case 'unpaid':
    case 'user_paying':
    case 'absent':
      return { kind: reply.kind }
    case 'unknown':
      deps.log({
        event: 'query_unanswered',
        ordercode: view.order.ordercode,
        out_trade_no: attempt.outTradeNo,
        reason: reply.cause,
      })
      return { kind: 'unknown', cause: reply.cause }
  }
}

/** The event that ends an attempt: its own, or that of its order if the order is being closed. */
export const attemptEnd = (
  { outTradeNo }: Attempt,
  reason: AttemptEnd,
  closing: CloseReason | undefined,
): OrderEvent =>
  closing === undefined
    ? { type: 'attempt_closed', outTradeNo, reason }
    : { type: 'order_closed', reason: closing, attempt: { outTradeNo, reason } }
