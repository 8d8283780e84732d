/** Numbers and times as the console shows them: yuan with two decimals, Beijing time. */
import { type BeijingDay, dayOf } from '../../core/day.ts'
import { COUNT_MAX } from '../../ports/list-store.ts'
import { formatBeijing, formatRfc3339, type UnixSeconds } from '../../core/time.ts'
import { markup, type Markup } from './markup.ts'

/** Fen as yuan: `11,842.60`. */
export function yuan(fen: number): string {
  const digits = String(Math.abs(fen)).padStart(3, '0')
  const whole = digits.slice(0, -2).replace(/\B(?=(\d{3})+$)/g, ',')
  return `${fen < 0 ? '−' : ''}${whole}.${digits.slice(-2)}`
}

/** Fen as yuan with the sign, for an amount in a sentence: `¥88.00`. */
export const money = (fen: number): string => `¥${yuan(fen)}`

/** A count with thousands separators. */
export const count = (value: number): string =>
  String(value)
    .replace('-', '−')
    .replace(/\B(?=(\d{3})+$)/g, ',')

/**
 * Reads yuan that a person has typed: `9`, `9.0`, `9.00`.
 *
 * @returns fen; undefined for anything else (`9.001`, `1e2`, `１００`, `-1`). No number with a fraction is made.
 */
export function parseYuan(text: string): number | undefined {
  const parts = /^(0|[1-9]\d{0,7})(?:\.(\d{1,2}))?$/.exec(text.trim())
  if (parts === null) return undefined
  const [, whole = '0', fraction = ''] = parts
  return Number(whole) * 100 + Number(fraction.padEnd(2, '0'))
}

/** A time in words: `15:41:08` today, `11-27 21:14` this year, `2025-12-31 23:59` before. */
export function timeText(at: UnixSeconds, now: UnixSeconds): string {
  const [date, clock] = [dayOf(at), clockOf(at)]
  const today = dayOf(now)
  if (date === today) return clock
  return `${shortDay(date, today)} ${clock.slice(0, 5)}`
}

/** The same to the minute: `15:41` today. */
export const minuteOf = (at: UnixSeconds, now: UnixSeconds): string =>
  timeText(at, now).replace(/^(\d\d:\d\d):\d\d$/, '$1')

/** A time as an element, with its machine-readable form. */
export const timeOf = (at: UnixSeconds, now: UnixSeconds): Markup =>
  markup`<time datetime="${formatRfc3339(at)}">${timeText(at, now)}</time>`

/** The time of day in Beijing: `15:41:08`. */
export const clockOf = (at: UnixSeconds): string =>
  formatBeijing(at)
    .slice(8)
    .replace(/(..)(..)(..)/, '$1:$2:$3')

/** A day: `11-27` this year, otherwise with its year. */
export const shortDay = (day: BeijingDay, today: BeijingDay): string =>
  day.slice(0, 4) === today.slice(0, 4) ? day.slice(5) : day

/** An openid is never shown whole: its first five and its last four characters. */
export const shortOpenid = (openid: string): string =>
  openid.length <= 9 ? openid : `${openid.slice(0, 5)}…${openid.slice(-4)}`

/** Thousandths of a fen, WeChat's service fee, as yuan with two decimals, cut off. */
export const feeYuan = (millifen: number): string => yuan(Math.trunc(millifen / 1_000))

/** A count that may have stopped: `50+`. */
export const capped = (value: number, max = COUNT_MAX): string =>
  value >= max ? `${max - 1}+` : String(value)
