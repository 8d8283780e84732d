/**
 * The reconciliation of WeChat's bill of one day with our records: when which step is due.
 *
 *     waiting ──▶ comparing ──▶ settling ──▶ reconciled
 *        └──▶ unavailable
 *
 * In `waiting`, WeChat has not made the bill yet. `comparing` goes through it row by row. In `settling`,
 * WeChat is queried about each difference, and what it confirms is recorded.
 */
import { addDays, type BeijingDay, dayOf, startOf } from '../day.ts'
import { DAY_S, HOUR_S, later, MINUTE_S, type UnixSeconds } from '../time.ts'

/** WeChat makes the bills between 9:00 and 10:00 in Beijing. The Worker waits ten minutes longer. */
const READY_S = 10 * HOUR_S + 10 * MINUTE_S
const NOON_S = 12 * HOUR_S
/** A bill that is still missing this long after the end of its day opens a review. */
const PATIENCE_S = 36 * HOUR_S
/** How many days back a bill can be downloaded: WeChat keeps bills for three months. */
export const BILL_DAYS_AVAILABLE = 89
/**
 * A late bill opens a review only after this many runs without progress: after an outage many days are late
 * at the same time.
 */
const RUNS_BEFORE_REVIEW = 3

/** How far our clock may be from WeChat's, which decides to which day a refund belongs. */
export const BILL_SKEW_S = 5 * MINUTE_S
/**
 * When WeChat's answer to a refund is lost, a later query finds the refund within this time. So a refund may
 * be in a bill up to this long before our records say that WeChat accepted it.
 */
export const REPORTED_WITHIN_S = 32 * DAY_S

/** The latest day whose bill WeChat should have made by now. */
export function lastBillDay(now: UnixSeconds): BeijingDay {
  const today = dayOf(now)
  return addDays(today, now >= later(startOf(today), READY_S) ? -1 : -2)
}

/** Whether WeChat still keeps the bill of that day. */
export const isAvailable = (day: BeijingDay, now: UnixSeconds): boolean =>
  day >= addDays(dayOf(now), -BILL_DAYS_AVAILABLE)

/** Whether it is before noon of the following day. Until then WeChat may still make a missing bill. */
export const isEarly = (day: BeijingDay, now: UnixSeconds): boolean =>
  now < later(startOf(addDays(day, 1)), NOON_S)

/** When to try the download again: every ten minutes until noon of the following day, then every hour. */
export const nextBillTryAt = (day: BeijingDay, now: UnixSeconds): UnixSeconds =>
  later(now, isEarly(day, now) ? 10 * MINUTE_S : HOUR_S)

/**
 * Whether a person must look for a missing bill.
 *
 * @param runs Consecutive runs without progress, including the current one.
 */
export const isOverdue = (day: BeijingDay, runs: number, now: UnixSeconds): boolean =>
  runs >= RUNS_BEFORE_REVIEW && now > later(startOf(day), DAY_S + PATIENCE_S)

/** After this many queries without an answer a difference opens a review. The queries continue. */
export const TRIES_BEFORE_REVIEW = 30
/** After this many queries without an answer no more are sent. They cover half an hour and two more days. */
export const TRIES_MAX = TRIES_BEFORE_REVIEW + 2 * 24

/** When to query a difference again: every minute for half an hour, then every hour for two days. */
export const nextDifferenceTryAt = (tries: number, now: UnixSeconds): UnixSeconds =>
  later(now, tries < TRIES_BEFORE_REVIEW ? MINUTE_S : HOUR_S)
