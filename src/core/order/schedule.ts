/** When a row is to be looked at next, derived from what it says. The store keeps it as `due_at`. */
import type { Attempt } from './attempt.ts'
import { nextCheckAfterClose, nextRung } from '../ladder.ts'
import type { Order, OrderView } from './order.ts'
import { later, MINUTE_S, type UnixSeconds } from '../time.ts'

/** A crash between "closing" and WeChat's confirmation is picked up this soon. */
const CLOSING_RETRY_S = MINUTE_S

/** An order is due when it expires; one that is over is never due. */
export const orderDue = (order: Order): UnixSeconds | undefined =>
  order.state === 'created' || order.state === 'paying' ? order.expiresAt : undefined

/** After an expiry that could not be settled: the ladder again, from the expiry on. */
export const orderDueAgain = (order: Order, now: UnixSeconds): UnixSeconds | undefined =>
  orderDue(order) === undefined || order.expiresAt > now
    ? orderDue(order)
    : nextRung(order.expiresAt, now)

/** From its expiry on an open attempt is its order's business: it is taken down, not only asked about. */
export function attemptDue(attempt: Attempt, now: UnixSeconds): UnixSeconds | undefined {
  switch (attempt.state) {
    case 'open': {
      const next = nextRung(attempt.sentAt, now)
      return next < attempt.terms.timeExpire ? next : undefined
    }
    case 'closing':
      return later(now, CLOSING_RETRY_S)
    case 'closed':
      return nextCheckAfterClose(attempt.closedAt ?? now, now)
    case 'paid':
      return undefined
  }
}

/** WeChat's first word was that the money went back. By which refunds, it is to be asked. */
export const owesRefunds = ({ payments, refunds }: OrderView, attempt: Attempt): boolean =>
  payments.some(
    ({ outTradeNo, transactionId, returned }) =>
      outTradeNo === attempt.outTradeNo &&
      returned &&
      !refunds.some((refund) => refund.transactionId === transactionId),
  )

/** An attempt that must go, and has not gone yet: the ladder, however long it takes. */
export const attemptDueAfterOrder = (attempt: Attempt, now: UnixSeconds): UnixSeconds =>
  nextRung(attempt.terms.timeStart, now)

/** After a question that WeChat did not answer, whatever the attempt's state: the next rung. */
export function attemptDueUnanswered(attempt: Attempt, now: UnixSeconds): UnixSeconds | undefined {
  return attempt.state === 'closed'
    ? nextRung(attempt.closedAt ?? now, now)
    : attemptDue(attempt, now)
}
