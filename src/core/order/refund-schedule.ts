import { DAY_S, HOUR_S, later, MINUTE_S, type UnixSeconds } from '../time.ts'
import { isFinal, type Refund } from './refund.ts'

/** When another refund of the same payment may begin; undefined when it may at once. */
export function nextStartAt(others: readonly Refund[], now: UnixSeconds): UnixSeconds | undefined {
  const free = others
    .flatMap(({ startedAt }) => (startedAt === undefined ? [] : [later(startedAt, PAUSE_S)]))
    .filter((at) => at > now)
  return free.length === 0 ? undefined : (Math.max(...free) as UnixSeconds)
}
/** A try that was not answered may still arrive, and then WeChat knows the number after all. */
export const mayBeUnderWay = (unansweredAt: UnixSeconds | undefined, now: UnixSeconds): boolean =>
  unansweredAt !== undefined && now < later(unansweredAt, IN_FLIGHT_S)
/**
 * The next rung after `now`: 1, 5, 30 minutes, 2 hours, 1 day, 3 days, then daily up to 30 days.
 *
 * @returns undefined when the ladder is used up, and a person must look.
 */
export function nextRefundQueryAt(from: UnixSeconds, now: UnixSeconds): UnixSeconds | undefined {
  const step = STEPS_S.find((seconds) => later(from, seconds) > now)
  return step === undefined ? undefined : later(from, step)
}
/** When a refund is to be sent, or asked about, next. `others` are those of the same payment. */
export function refundDueAt(
  refund: Refund,
  others: readonly Refund[],
  now: UnixSeconds,
): UnixSeconds | undefined {
  if (isFinal(refund)) return undefined
  if (refund.startedAt === undefined && refund.state === 'requested') {
    return nextStartAt(others, now) ?? now
  }
  const next = nextRefundQueryAt(scheduleStart(refund), now)
  if (refund.state !== 'requested') return next
  // What WeChat has not taken on keeps its amount reserved, so it is tried on.
  const rung = next ?? later(now, DAY_S)
  const isBusy = BUSY.includes(refund.errCode ?? '')
  return isBusy && rung > later(now, BUSY_PAUSE_S) ? later(now, BUSY_PAUSE_S) : rung
}
/** Thirty days, and no end: a person must look. */
export const isOverdue = (refund: Refund, now: UnixSeconds): boolean =>
  !isFinal(refund) && nextRefundQueryAt(scheduleStart(refund), now) === undefined
export const scheduleStart = ({ acceptedAt, startedAt, requestedAt }: Refund): UnixSeconds =>
  acceptedAt ?? startedAt ?? requestedAt
/** WeChat's words for "wait a minute", whatever rung it is. */
export const BUSY = ['INVALID_REQ_TOO_MUCH', 'FREQUENCY_LIMITED', 'ORDER_NOT_READY']
export const BUSY_PAUSE_S = 5 * MINUTE_S
/** Two deadlines, and slow networks. */
export const IN_FLIGHT_S = MINUTE_S
/** WeChat refuses refunds of one payment that begin sooner after each other. */
export const PAUSE_S = MINUTE_S
export const STEPS_S = [
  MINUTE_S,
  5 * MINUTE_S,
  30 * MINUTE_S,
  2 * HOUR_S,
  ...Array.from({ length: 30 }, (_, day) => (day + 1) * DAY_S).filter((at) => at !== 2 * DAY_S),
]
