declare const unixSeconds: unique symbol
/** Seconds since 1970 UTC. Everything stored and decided is in whole seconds, as WeChat's times are. */
export type UnixSeconds = number & { readonly [unixSeconds]: true }

export const SECOND_MS = 1_000
export const MINUTE_S = 60
export const HOUR_S = 3_600
export const DAY_S = 86_400

/** China has had one zone and no summer time since 1991. */
const BEIJING_OFFSET_S = 8 * HOUR_S

export const toUnixSeconds = (seconds: number): UnixSeconds => Math.trunc(seconds) as UnixSeconds
export const fromMillis = (ms: number): UnixSeconds => toUnixSeconds(ms / SECOND_MS)
export const later = (at: UnixSeconds, seconds: number): UnixSeconds =>
  (at + seconds) as UnixSeconds

/** RFC 3339 in UTC, to the second: `2026-11-23T06:30:00Z`. */
export const formatRfc3339 = (at: UnixSeconds): string =>
  new Date(at * SECOND_MS).toISOString().replace('.000Z', 'Z')

/** For JSON, where nothing is null. */
export const timeOrNull = (at: UnixSeconds | undefined): string | null =>
  at === undefined ? null : formatRfc3339(at)

/** WeChat's `yyyyMMddHHmmss` in Beijing time, as in `time_start`, `time_expire` and `time_end`. */
export const formatBeijing = (at: UnixSeconds): string =>
  new Date((at + BEIJING_OFFSET_S) * SECOND_MS).toISOString().replace(/[-T:]|\.000Z/g, '')

/** @returns `undefined` for anything but a real moment written `yyyyMMddHHmmss`. */
export function parseBeijing(text: string): UnixSeconds | undefined {
  const parts = /^(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})$/.exec(text)
  if (parts === null) return undefined
  const [year, month, day, hour, minute, second] = parts.slice(1).map(Number) as Six
  const utc = Date.UTC(year, month - 1, day, hour, minute, second) / SECOND_MS
  const at = toUnixSeconds(utc - BEIJING_OFFSET_S)
  // Date.UTC rolls 31 February over into March; what does not come back the same was never a date.
  return formatBeijing(at) === text ? at : undefined
}

/** Bills and refunds write `yyyy-MM-dd HH:mm:ss`; as strict as {@link parseBeijing}. */
export function parseBeijingDashed(text: string): UnixSeconds | undefined {
  if (!/^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}$/.test(text)) return undefined
  return parseBeijing(text.replace(/\D/g, ''))
}

type Six = [number, number, number, number, number, number]
