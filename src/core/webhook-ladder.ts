import { HOUR_S, later, MINUTE_S, type UnixSeconds } from './time.ts'

/** Pauses after the first try and after each one that follows; then nobody tries any more. */
const PAUSES_S = [
  MINUTE_S,
  5 * MINUTE_S,
  30 * MINUTE_S,
  ...[2, 5, 10, 14, 20, 24].map((hours) => hours * HOUR_S),
]

/** @param step Failed tries since the ladder began. @returns undefined when it is used up. */
export function nextTry(step: number, now: UnixSeconds): UnixSeconds | undefined {
  const pause = PAUSES_S[step - 1]
  return pause === undefined ? undefined : later(now, pause)
}
