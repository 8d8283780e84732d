declare const unixSeconds: unique symbol
/** Whole seconds since 1970 in UTC. All stored times have this precision, because WeChat's times do. */
export type UnixSeconds = number & { readonly [unixSeconds]: true }

/** One second in milliseconds. The suffix of a duration is its unit: `_MS` or `_S`. */
export const SECOND_MS = 1_000
export const MINUTE_S = 60
export const HOUR_S = 3_600
export const DAY_S = 86_400

/** Beijing's offset from UTC, in seconds. China has one time zone, and has had no summer time since 1991. */
const BEIJING_OFFSET_S = 8 * HOUR_S

/** Makes a time from seconds since 1970 in UTC; a fraction is cut off. */
export const toUnixSeconds = (seconds: number): UnixSeconds => Math.trunc(seconds) as UnixSeconds
/** Makes a time from milliseconds since 1970, as a clock gives them; the fraction of a second is cut off. */
export const fromMillis = (ms: number): UnixSeconds => toUnixSeconds(ms / SECOND_MS)
/** `at` plus a number of seconds; a negative number gives an earlier time. */
export const later = (at: UnixSeconds, seconds: number): UnixSeconds =>
  (at + seconds) as UnixSeconds

/** Formats a time as RFC 3339 in UTC, in whole seconds: `2026-11-23T06:30:00Z`. */
export const formatRfc3339 = (at: UnixSeconds): string =>
  new Date(at * SECOND_MS).toISOString().replace('.000Z', 'Z')

/** Formats a time for JSON as RFC 3339; a time that is not set becomes `null`. */
export const timeOrNull = (at: UnixSeconds | undefined): string | null =>
  at === undefined ? null : formatRfc3339(at)

/**
 * Formats a time as WeChat's `yyyyMMddHHmmss` in Beijing
 * time, as in `time_start`, `time_expire` and `time_end`.
 */
export const formatBeijing = (at: UnixSeconds): string =>
  new Date((at + BEIJING_OFFSET_S) * SECOND_MS).toISOString().replace(/[-T:]|\.000Z/g, '')

/**
 * Reads `yyyyMMddHHmmss` in Beijing time.
 *
 * @returns `undefined` for any other form, and for a date that does not exist.
 */
export function parseBeijing(text: string): UnixSeconds | undefined {
  const parts = /^(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})$/.exec(text)
  if (parts === null) return undefined
  const [year, month, day, hour, minute, second] = parts.slice(1).map(Number) as Six
  const utc = Date.UTC(year, month - 1, day, hour, minute, second) / SECOND_MS
  const at = toUnixSeconds(utc - BEIJING_OFFSET_S)
  // Date.UTC turns 31 February into a day in March. So a date that does not exist is recognised: it is not
  // the same text when it is formatted again.
  return formatBeijing(at) === text ? at : undefined
}

/** Reads `yyyy-MM-dd HH:mm:ss`, the form in bills and refunds. As strict as {@link parseBeijing}. */
export function parseBeijingDashed(text: string): UnixSeconds | undefined {
  if (!/^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}$/.test(text)) return undefined
  return parseBeijing(text.replace(/\D/g, ''))
}

type Six = [number, number, number, number, number, number]
