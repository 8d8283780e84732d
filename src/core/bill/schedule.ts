/**
 * WeChat's bill of one day, compared with the books.
 *
 *     waiting ──▶ comparing ──▶ settling ──▶ reconciled
 *        └──▶ unavailable
 *
 * `waiting` for WeChat to have it; `comparing` row by row; `settling` what differs: WeChat is asked, and
 * what it confirms is booked.
 */
import { addDays, type BeijingDay, dayOf, startOf } from '../day.ts'
import { DAY_S, HOUR_S, later, MINUTE_S, type UnixSeconds } from '../time.ts'

/** WeChat begins at 9:00 and is done by 10:00; ten minutes more are free. */
const READY_S = 10 * HOUR_S + 10 * MINUTE_S
const NOON_S = 12 * HOUR_S
/** From the end of the day on. After that its not being there is worth a person's time. */
const PATIENCE_S = 36 * HOUR_S
/** WeChat keeps bills for three months. */
export const BILL_DAYS_AVAILABLE = 89
/** Runs that may come to nothing before a person hears of it: after an outage, many days are late at once. */
const RUNS_BEFORE_REVIEW = 3

/** WeChat's clock, which says to what day a refund belongs, and ours may differ by this much. */
export const BILL_SKEW_S = 5 * MINUTE_S
/** A lost answer to a refund is made up for within this time. */
export const REPORTED_WITHIN_S = 32 * DAY_S

/** The last day whose bill should be there. */
export function lastBillDay(now: UnixSeconds): BeijingDay {
  const today = dayOf(now)
  return addDays(today, now >= later(startOf(today), READY_S) ? -1 : -2)
}

/** Whether WeChat still has the bill. */
export const isAvailable = (day: BeijingDay, now: UnixSeconds): boolean =>
  day >= addDays(dayOf(now), -BILL_DAYS_AVAILABLE)

/** Until noon of the day after, a bill that is not there may still be made. */
export const isEarly = (day: BeijingDay, now: UnixSeconds): boolean =>
  now < later(startOf(addDays(day, 1)), NOON_S)

/** Every ten minutes until noon, then every hour. */
export const nextBillTryAt = (day: BeijingDay, now: UnixSeconds): UnixSeconds =>
  later(now, isEarly(day, now) ? 10 * MINUTE_S : HOUR_S)

/** @param runs That came to nothing, one after the other, this one among them. */
export const isOverdue = (day: BeijingDay, runs: number, now: UnixSeconds): boolean =>
  runs >= RUNS_BEFORE_REVIEW && now > later(startOf(day), DAY_S + PATIENCE_S)

/** A question about a difference is put this often, and a person hears of it before it is the last one. */
export const TRIES_BEFORE_REVIEW = 30
export const TRIES_MAX = TRIES_BEFORE_REVIEW + 2 * 24

/** Every minute for half an hour, then every hour for two days. */
export const nextDifferenceTryAt = (tries: number, now: UnixSeconds): UnixSeconds =>
  later(now, tries < TRIES_BEFORE_REVIEW ? MINUTE_S : HOUR_S)
