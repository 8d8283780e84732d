/** When a row is to be looked at next, derived from what it says. The store keeps it as `due_at`. */
import { DAY_S, HOUR_S, later, MINUTE_S, type UnixSeconds } from '../time.ts'
import type { Attempt } from './attempt.ts'
import type { Order, OrderView } from './order.ts'

const QUERY_STEPS_S = [1, 2, 3, 5, 10, 20, 30, 60].map((minutes) => minutes * MINUTE_S)
const AFTER_CLOSE_STEPS_S = [10 * MINUTE_S, DAY_S]

/**
 * The next rung after `now` of a ladder that began at `from`: 1, 2, 3, 5, 10, 20, 30, 60 minutes,
 * then every hour. After an outage of any length it is the next rung, not all that were missed.
 */
export function nextQueryAt(from: UnixSeconds, now: UnixSeconds): UnixSeconds {
  const step = QUERY_STEPS_S.find((seconds) => later(from, seconds) > now)
  if (step !== undefined) return later(from, step)
  const hours = Math.floor((now - from) / HOUR_S) + 1
  return later(from, hours * HOUR_S)
}

/** A closed number is asked about at 10 minutes and at 24 hours: WeChat's close can race a payer. */
export function nextQueryAfterCloseAt(
  closedAt: UnixSeconds,
  now: UnixSeconds,
): UnixSeconds | undefined {
  const step = AFTER_CLOSE_STEPS_S.find((seconds) => later(closedAt, seconds) > now)
  return step === undefined ? undefined : later(closedAt, step)
}

/** A crash between "closing" and WeChat's confirmation is picked up this soon. */
const CLOSING_RETRY_S = MINUTE_S

/** An order is due when it expires; one that is over is never due. */
export const orderDueAt = (order: Order): UnixSeconds | undefined =>
  order.state === 'created' || order.state === 'paying' ? order.expiresAt : undefined

/** After an expiry that could not be settled: the ladder again, from the expiry on. */
export const expiredOrderDueAt = (order: Order, now: UnixSeconds): UnixSeconds | undefined =>
  orderDueAt(order) === undefined || order.expiresAt > now
    ? orderDueAt(order)
    : nextQueryAt(order.expiresAt, now)

/** From its expiry on an open attempt is its order's business: it is taken down, not only asked about. */
export function attemptDueAt(attempt: Attempt, now: UnixSeconds): UnixSeconds | undefined {
  switch (attempt.state) {
    case 'open': {
      const next = nextQueryAt(attempt.sentAt, now)
      return next < attempt.terms.timeExpire ? next : undefined
    }
    case 'closing':
      return later(now, CLOSING_RETRY_S)
    case 'closed':
      return nextQueryAfterCloseAt(attempt.closedAt ?? now, now)
    case 'paid':
      return undefined
  }
}

/** WeChat's first word was that the money went back. By which refunds, it is to be asked. */
export const needsRefundImport = ({ payments, refunds }: OrderView, attempt: Attempt): boolean =>
  payments.some(
    ({ outTradeNo, transactionId, returned }) =>
      outTradeNo === attempt.outTradeNo &&
      returned &&
      !refunds.some((refund) => refund.transactionId === transactionId),
  )

/** An attempt that must go, and has not gone yet: the ladder, however long it takes. */
export const attemptToCloseDueAt = (attempt: Attempt, now: UnixSeconds): UnixSeconds =>
  nextQueryAt(attempt.terms.timeStart, now)

/** After a question that WeChat did not answer, whatever the attempt's state: the next rung. */
export function unansweredAttemptDueAt(
  attempt: Attempt,
  now: UnixSeconds,
): UnixSeconds | undefined {
  return attempt.state === 'closed'
    ? nextQueryAt(attempt.closedAt ?? now, now)
    : attemptDueAt(attempt, now)
}
