import { DAY_S, HOUR_S, later, MINUTE_S, type UnixSeconds } from '../time.ts'
import { isFinal, type Refund } from './refund.ts'

/** After these err_codes the refund is sent again soon, even if the schedule has a longer pause. */
const BUSY = ['INVALID_REQ_TOO_MUCH', 'FREQUENCY_LIMITED', 'ORDER_NOT_READY']

/** The longest pause after one of {@link BUSY}, in seconds. */
const BUSY_PAUSE_S = 5 * MINUTE_S

/** An unanswered refund may still reach WeChat for this long: two call deadlines, and slow networks. */
const IN_FLIGHT_S = MINUTE_S

/** The seconds that WeChat requires between the first sends of two refunds of one payment. */
export const PAUSE_S = MINUTE_S

/** The schedule of queries, in seconds from its start. */
const STEPS_S = [
  MINUTE_S,
  5 * MINUTE_S,
  30 * MINUTE_S,
  2 * HOUR_S,
  ...Array.from({ length: 30 }, (_, day) => (day + 1) * DAY_S).filter((at) => at !== 2 * DAY_S),
]

/**
 * When another refund of the same payment may be sent for the first time: a minute after the last one was.
 *
 * @param others The other refunds of the payment.
 * @returns undefined when it may be sent immediately.
 */
export function nextStartAt(others: readonly Refund[], now: UnixSeconds): UnixSeconds | undefined {
  const free = others
    .flatMap(({ startedAt }) => (startedAt === undefined ? [] : [later(startedAt, PAUSE_S)]))
    .filter((at) => at > now)
  return free.length === 0 ? undefined : (Math.max(...free) as UnixSeconds)
}

/**
 * Whether a refund that was sent without an answer may still be on its way. As long as it may, WeChat's
 * answer that it does not know the number proves nothing.
 */
export const mayBeUnderWay = (unansweredAt: UnixSeconds | undefined, now: UnixSeconds): boolean =>
  unansweredAt !== undefined && now < later(unansweredAt, IN_FLIGHT_S)

/**
 * The next time after `now` at which a refund is queried, on a schedule that began at `from`: after 1, 5, 30
 * minutes, 2 hours, 1 day, 3 days, then daily up to 30 days.
 *
 * @returns undefined when the schedule has ended, so that a person must look.
 */
export function nextRefundQueryAt(from: UnixSeconds, now: UnixSeconds): UnixSeconds | undefined {
  const step = STEPS_S.find((seconds) => later(from, seconds) > now)
  return step === undefined ? undefined : later(from, step)
}

/**
 * When a refund is sent or queried next.
 *
 * @param others The other refunds of the same payment.
 * @returns undefined for never: the refund is final, or accepted and overdue.
 */
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
  // Its amount stays reserved until WeChat accepts it, so after the end of the schedule it is sent every day.
  const scheduled = next ?? later(now, DAY_S)
  const isBusy = BUSY.includes(refund.errCode ?? '')
  return isBusy && scheduled > later(now, BUSY_PAUSE_S) ? later(now, BUSY_PAUSE_S) : scheduled
}

/** Whether a refund has no final state after thirty days, so that a person must look. */
export const isOverdue = (refund: Refund, now: UnixSeconds): boolean =>
  !isFinal(refund) && nextRefundQueryAt(scheduleStart(refund), now) === undefined

/** When the schedule of a refund began: when it was accepted, else first sent, else requested. */
const scheduleStart = ({ acceptedAt, startedAt, requestedAt }: Refund): UnixSeconds =>
  acceptedAt ?? startedAt ?? requestedAt
