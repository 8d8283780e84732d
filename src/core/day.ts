/** Calendar days in Beijing time. WeChat makes one bill for each day. */
import { DAY_S, formatBeijing, later, parseBeijing, type UnixSeconds } from './time.ts'

declare const beijingDay: unique symbol
/** A day in Beijing as `2026-11-22`. Days that are sorted as text are sorted by time. */
export type BeijingDay = string & { readonly [beijingDay]: true }

/** The day in Beijing at the time `at`. */
export const dayOf = (at: UnixSeconds): BeijingDay => dashed(formatBeijing(at).slice(0, 8))

/**
 * Reads a day written as `yyyy-MM-dd`. @returns undefined
 * for any other form, and for a day that does not exist.
 */
export function parseDay(text: string): BeijingDay | undefined {
  const written = /^\d{4}-\d{2}-\d{2}$/.test(text)
  return written && parseBeijing(`${text.replaceAll('-', '')}000000`) !== undefined
    ? (text as BeijingDay)
    : undefined
}

/** Formats a day as `20261122`, the form of WeChat's `bill_date`. */
export const compactDay = (day: BeijingDay): string => day.replaceAll('-', '')

/** The time at which a day begins: midnight in Beijing. */
export function startOf(day: BeijingDay): UnixSeconds {
  return parseBeijing(`${compactDay(day)}000000`) as UnixSeconds
}

/** `day` plus a number of days; a negative number gives an earlier day. */
export const addDays = (day: BeijingDay, days: number): BeijingDay =>
  dayOf(later(startOf(day), days * DAY_S))

const dashed = (compact: string): BeijingDay =>
  `${compact.slice(0, 4)}-${compact.slice(4, 6)}-${compact.slice(6, 8)}` as BeijingDay
