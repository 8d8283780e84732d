/** When an order or an attempt is due next. The store keeps the result as `due_at`. */
import { DAY_S, HOUR_S, later, MINUTE_S, type UnixSeconds } from '../time.ts'
import type { Attempt } from './attempt.ts'
import type { Order } from './order.ts'

const QUERY_STEPS_S = [1, 2, 3, 5, 10, 20, 30, 60].map((minutes) => minutes * MINUTE_S)
const AFTER_CLOSE_STEPS_S = [10 * MINUTE_S, DAY_S]

/**
 * The next time after `now` on the query schedule that began at `from`: after 1, 2, 3, 5, 10, 20, 30, 60
 * minutes, then every hour. Times that were missed in an outage are skipped.
 */
export function nextQueryAt(from: UnixSeconds, now: UnixSeconds): UnixSeconds {
  const step = QUERY_STEPS_S.find((seconds) => later(from, seconds) > now)
  if (step !== undefined) return later(from, step)
  const hours = Math.floor((now - from) / HOUR_S) + 1
  return later(from, hours * HOUR_S)
}

/**
 * When a closed attempt is queried again: 10 minutes and 24 hours after its close, because a payer may pay
 * while WeChat closes the attempt.
 *
 * @returns undefined when both times have passed.
 */
export function nextQueryAfterCloseAt(
  closedAt: UnixSeconds,
  now: UnixSeconds,
): UnixSeconds | undefined {
  const step = AFTER_CLOSE_STEPS_S.find((seconds) => later(closedAt, seconds) > now)
  return step === undefined ? undefined : later(closedAt, step)
}

/**
 * How soon the cron closes an attempt whose state `closing` was stored, in seconds. The request that stored
 * it closes the attempt first, unless the Worker crashes.
 */
const CLOSING_RETRY_S = MINUTE_S

/**
 * When the cron must close an order: at its expiry. @returns
 * undefined for never: the order is paid or closed.
 */
export const orderDueAt = (order: Order): UnixSeconds | undefined =>
  order.state === 'created' || order.state === 'paying' ? order.expiresAt : undefined

/** When to try again to close an expired order: on the query schedule, counted from the order's expiry. */
export const expiredOrderDueAt = (order: Order, now: UnixSeconds): UnixSeconds | undefined =>
  orderDueAt(order) === undefined || order.expiresAt > now
    ? orderDueAt(order)
    : nextQueryAt(order.expiresAt, now)

/**
 * When an attempt is queried or closed next. An open attempt is not due after its `time_expire`: its order is
 * due then, and closing the order closes the attempt.
 *
 * @returns undefined for never.
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
 * When to try again to close an attempt: on the query schedule,
 * counted from the attempt's opening, without an end.
 */
export const attemptToCloseDueAt = (attempt: Attempt, now: UnixSeconds): UnixSeconds =>
  nextQueryAt(attempt.terms.timeStart, now)

/**
 * When an attempt is due after a query without a clear answer. A closed attempt goes back to the query
 * schedule, because the failed query may have been the last one that was planned.
 */
export function unansweredAttemptDueAt(
  attempt: Attempt,
  now: UnixSeconds,
): UnixSeconds | undefined {
  return attempt.state === 'closed'
    ? nextQueryAt(attempt.closedAt ?? now, now)
    : attemptDueAt(attempt, now)
}
