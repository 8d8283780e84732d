/** When to ask WeChat again. Derived from times that are stored anyway; no step is counted. */
import { DAY_S, HOUR_S, later, MINUTE_S, type UnixSeconds } from './time.ts'

const QUERY_STEPS_S = [1, 2, 3, 5, 10, 20, 30, 60].map((minutes) => minutes * MINUTE_S)
const AFTER_CLOSE_STEPS_S = [10 * MINUTE_S, DAY_S]

/**
 * The next rung after `now` of a ladder that began at `from`: 1, 2, 3, 5, 10, 20, 30, 60 minutes,
 * then every hour. After an outage of any length it is the next rung, not all that were missed.
 */
export function nextRung(from: UnixSeconds, now: UnixSeconds): UnixSeconds {
  const step = QUERY_STEPS_S.find((seconds) => later(from, seconds) > now)
  if (step !== undefined) return later(from, step)
  const hours = Math.floor((now - from) / HOUR_S) + 1
  return later(from, hours * HOUR_S)
}

/** A closed number is asked about at 10 minutes and at 24 hours: WeChat's close can race a payer. */
export function nextCheckAfterClose(
  closedAt: UnixSeconds,
  now: UnixSeconds,
): UnixSeconds | undefined {
  const step = AFTER_CLOSE_STEPS_S.find((seconds) => later(closedAt, seconds) > now)
  return step === undefined ? undefined : later(closedAt, step)
}
