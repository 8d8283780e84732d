/** When an order or an attempt is due next. The store keeps the result as `due_at`. */
import { DAY_S, HOUR_S, later, MINUTE_S, type UnixSeconds } from '../time.ts'
import type { Attempt } from './attempt.ts'
import type { Order, OrderView } from './order.ts'

const QUERY_STEPS_S = [1, 2, 3, 5, 10, 20, 30, 60].map((minutes) => minutes * MINUTE_S)
const AFTER_CLOSE_STEPS_S = [10 * MINUTE_S, DAY_S]

/**
 * The next time after `now` on the schedule of queries that began at `from`: after 1, 2, 3, 5, 10, 20, 30, 60
 * minutes, then every hour. After an outage of any length the missed times are skipped.
 */
export function nextQueryAt(from: UnixSeconds, now: UnixSeconds): UnixSeconds {
  const step = QUERY_STEPS_S.find((seconds) => later(from, seconds) > now)
  if (step !== undefined) return later(from, step)
  const hours = Math.floor((now - from) / HOUR_S) + 1
  return later(from, hours * HOUR_S)
}

/**
 * A closed attempt is queried again after 10 minutes and after 24 hours, because a payer may pay while WeChat
 * closes it. @returns undefined when both are over.
 */
export function nextQueryAfterCloseAt(
  closedAt: UnixSeconds,
  now: UnixSeconds,
): UnixSeconds | undefined {
  const step = AFTER_CLOSE_STEPS_S.find((seconds) => later(closedAt, seconds) > now)
  return step === undefined ? undefined : later(closedAt, step)
}

/** If the Worker crashes after it has stored `closing`, the cron closes the attempt this much later. */
const CLOSING_RETRY_S = MINUTE_S

/** An order is due when it expires. @returns undefined for never: it is paid or closed. */
export const orderDueAt = (order: Order): UnixSeconds | undefined =>
  order.state === 'created' || order.state === 'paying' ? order.expiresAt : undefined

/** When to try again to close an expired order: on the schedule of queries, counted from its expiry. */
export const expiredOrderDueAt = (order: Order, now: UnixSeconds): UnixSeconds | undefined =>
  orderDueAt(order) === undefined || order.expiresAt > now
    ? orderDueAt(order)
    : nextQueryAt(order.expiresAt, now)

/**
 * When an attempt is queried or closed next. @returns undefined for never. An open attempt is not due after
 * its `time_expire`: its order is due then, and is closed together with the attempt.
 */
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

/**
 * Whether WeChat must be queried about the refunds of the attempt's payment: the first report was that the
 * money had gone back, and none of its refunds is known here.
 */
export const needsRefundImport = ({ payments, refunds }: OrderView, attempt: Attempt): boolean =>
  payments.some(
    ({ outTradeNo, transactionId, returned }) =>
      outTradeNo === attempt.outTradeNo &&
      returned &&
      !refunds.some((refund) => refund.transactionId === transactionId),
  )

/** When to try again to close an attempt: on the schedule of queries, however long it takes. */
export const attemptToCloseDueAt = (attempt: Attempt, now: UnixSeconds): UnixSeconds =>
  nextQueryAt(attempt.terms.timeStart, now)

/**
 * When an attempt is due after a query without a clear answer. A closed attempt goes back to the schedule of
 * queries, because the query may have been its last one.
 */
export function unansweredAttemptDueAt(
  attempt: Attempt,
  now: UnixSeconds,
): UnixSeconds | undefined {
  return attempt.state === 'closed'
    ? nextQueryAt(attempt.closedAt ?? now, now)
    : attemptDueAt(attempt, now)
}
