/** Days in Beijing, by which WeChat writes its bills. */
import { DAY_S, formatBeijing, later, parseBeijing, type UnixSeconds } from './time.ts'

declare const beijingDay: unique symbol
/** `2026-11-22`; compares as text. */
export type BeijingDay = string & { readonly [beijingDay]: true }

export const dayOf = (at: UnixSeconds): BeijingDay => dashed(formatBeijing(at).slice(0, 8))

/** @returns undefined for anything but a real day written `yyyy-MM-dd`. */
export function parseDay(text: string): BeijingDay | undefined {
  const written = /^\d{4}-\d{2}-\d{2}$/.test(text)
  return written && parseBeijing(`${text.replaceAll('-', '')}000000`) !== undefined
    ? (text as BeijingDay)
    : undefined
}

/** `20261122`, as WeChat wants it. */
export const compactDay = (day: BeijingDay): string => day.replaceAll('-', '')

export function startOf(day: BeijingDay): UnixSeconds {
  return parseBeijing(`${compactDay(day)}000000`) as UnixSeconds
}

export const addDays = (day: BeijingDay, days: number): BeijingDay =>
  dayOf(later(startOf(day), days * DAY_S))

const dashed = (compact: string): BeijingDay =>
  `${compact.slice(0, 4)}-${compact.slice(4, 6)}-${compact.slice(6, 8)}` as BeijingDay
