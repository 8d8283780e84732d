/**
 * The steps in which the Worker reconciles one day's bill with our records, and when each step is due.
 *
 *     waiting ──▶ comparing ──▶ settling ──▶ reconciled
 *        └──▶ unavailable
 *
 * In `waiting`, WeChat has not made the bill yet. In `comparing`, the Worker compares the bill row by row. In
 * `settling`, the Worker queries WeChat about the differences, and records what WeChat confirms.
 */
import { addDays, type BeijingDay, dayOf, startOf } from '../day.ts'
import { DAY_S, HOUR_S, later, MINUTE_S, type UnixSeconds } from '../time.ts'

/**
 * When the Worker first downloads a bill, in seconds after midnight in Beijing. WeChat makes the bills
 * between 9:00 and 10:00; the Worker waits ten minutes longer.
 */
const READY_S = 10 * HOUR_S + 10 * MINUTE_S
const NOON_S = 12 * HOUR_S
/** How long after the end of its day a bill may be missing before a review opens, in seconds. */
const PATIENCE_S = 36 * HOUR_S
/** The maximum age in days of a bill that can be downloaded. WeChat keeps bills for three months. */
export const BILL_DAYS_AVAILABLE = 89
/**
 * The minimum number of runs without progress before a late bill opens a review. After an outage many bills
 * are late at the same time, and no review is needed if a few runs can fetch them.
 */
const RUNS_BEFORE_REVIEW = 3

/**
 * The maximum difference between our clock and WeChat's, in seconds. WeChat's clock decides to which day's
 * bill a refund belongs.
 */
export const BILL_SKEW_S = 5 * MINUTE_S
/**
 * How long after WeChat accepted a refund a query finds it at the latest, in seconds, when the answer to the
 * refund call is lost. So a bill may have a refund this long before our records say that WeChat accepted it.
 */
export const REPORTED_WITHIN_S = 32 * DAY_S

/** When the Worker first downloads the bill of `day`. */
export const readyAt = (day: BeijingDay): UnixSeconds => later(startOf(addDays(day, 1)), READY_S)

/** The latest day whose bill WeChat should have made by now. */
export function lastBillDay(now: UnixSeconds): BeijingDay {
  const today = dayOf(now)
  return addDays(today, now >= later(startOf(today), READY_S) ? -1 : -2)
}

/** Whether the bill of `day` is recent enough for WeChat to keep it still. */
export const isAvailable = (day: BeijingDay, now: UnixSeconds): boolean =>
  day >= addDays(dayOf(now), -BILL_DAYS_AVAILABLE)

/**
 * Whether it is before noon of the day after `day`. Until then WeChat may still make a bill that is missing.
 */
export const isEarly = (day: BeijingDay, now: UnixSeconds): boolean =>
  now < later(startOf(addDays(day, 1)), NOON_S)

/**
 * When to try the download of a day's bill again: every ten
 * minutes until noon of the following day, then every hour.
 */
export const nextBillTryAt = (day: BeijingDay, now: UnixSeconds): UnixSeconds =>
  later(now, isEarly(day, now) ? 10 * MINUTE_S : HOUR_S)

/**
 * Whether a day's bill is overdue, so that a person must look for it.
 *
 * @param runs The number of consecutive runs without progress on the bill, including the current one.
 */
export const isOverdue = (day: BeijingDay, runs: number, now: UnixSeconds): boolean =>
  runs >= RUNS_BEFORE_REVIEW && now > later(startOf(day), DAY_S + PATIENCE_S)

/**
 * The number of queries without a clear answer after which a difference opens a review. The queries continue.
 */
export const TRIES_BEFORE_REVIEW = 30
/**
 * The number of queries without a clear answer after which the Worker sends no more about a difference:
 * one a minute for half an hour, then one an hour for two days.
 */
export const TRIES_MAX = TRIES_BEFORE_REVIEW + 2 * 24

/**
 * When to query WeChat about a difference again: every minute for half an hour, then every hour for two days.
 */
export const nextDifferenceTryAt = (tries: number, now: UnixSeconds): UnixSeconds =>
  later(now, tries < TRIES_BEFORE_REVIEW ? MINUTE_S : HOUR_S)
