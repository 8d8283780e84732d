import { DAY_S, HOUR_S, later, MINUTE_S, type UnixSeconds } from '../time.ts'
import { isFinal, type Refund } from './refund.ts'

/** The right to send a refund, or to end it, which one caller has at a time. */
export type HeldLease = Readonly<{
  /** When the lease ends by itself. */
  until: UnixSeconds
  /** Counts the leases of the refund. The holder writes only while no later lease was given. */
  number: number
}>

/** The err_codes after which a refund is sent again soon, even if the schedule has a longer pause. */
const BUSY = ['INVALID_REQ_TOO_MUCH', 'FREQUENCY_LIMITED', 'ORDER_NOT_READY']

/**
 * The maximum pause after one of {@link BUSY}, in seconds. Also the pause while WeChat gives no clear answer, for a day: after
 * an absence of WeChat a refund must not wait for the next step of its schedule, which may be hours away.
 */
const BUSY_PAUSE_S = 5 * MINUTE_S

/**
 * How long an unanswered refund call may still be on its way to WeChat, in seconds: two call deadlines, and
 * the delay of slow networks.
 */
const IN_FLIGHT_S = MINUTE_S

/**
 * How long sending a refund takes at most, in seconds: two messages, each with a call deadline at both of WeChat's
 * origins, and the pause between them.
 */
const SEND_MAX_S = 35

/** How long after a payment WeChat accepts refunds of it, in seconds: a year. */
const REFUNDABLE_S = 365 * DAY_S

/** How long a refund may wait until WeChat accepts it, before a person must look. In seconds. */
const WAIT_MAX_S = HOUR_S

/**
 * The minimum pause that WeChat requires between the first sends of two refunds of one payment, in seconds.
 */
export const PAUSE_S = MINUTE_S

/** The times at which a refund is queried, in seconds from the start of its schedule. */
const STEPS_S = [
  MINUTE_S,
  5 * MINUTE_S,
  30 * MINUTE_S,
  2 * HOUR_S,
  ...Array.from({ length: 30 }, (_, day) => (day + 1) * DAY_S).filter((at) => at !== 2 * DAY_S),
]

/**
 * When a refund may be sent for the first time: a minute
 * after the last first send of another refund of the payment.
 *
 * @param others The other refunds of the payment.
 * @returns undefined when the refund may be sent immediately.
 */
export function nextStartAt(others: readonly Refund[], now: UnixSeconds): UnixSeconds | undefined {
  const free = others
    .flatMap(({ startedAt }) => (startedAt === undefined ? [] : [later(startedAt, PAUSE_S)]))
    .filter((at) => at > now)
  return free.length === 0 ? undefined : (Math.max(...free) as UnixSeconds)
}

/**
 * Whether a refund call may still be on its way to WeChat. If so, WeChat's answer that it does not know the
 * refund number proves nothing.
 *
 * @param unansweredAt When the refund was last sent without an answer; undefined for never.
 */
export const mayBeUnderWay = (unansweredAt: UnixSeconds | undefined, now: UnixSeconds): boolean =>
  unansweredAt !== undefined && now < later(unansweredAt, IN_FLIGHT_S)

/**
 * Whether a send that begins now ends before the send lease does. A sender that was delayed must not send any
 * more: another one may have the lease, and may have found that WeChat does not know the refund.
 */
export const mayBeginSend = ({ until }: HeldLease, now: UnixSeconds): boolean =>
  later(now, SEND_MAX_S) <= until

/**
 * Whether a message of a send may be repeated: while no other sender can have the lease. A Worker that froze during
 * the call may wake when the refund was called off, and its amount belongs to another one.
 */
export const mayRepeatSend = ({ until }: HeldLease, now: UnixSeconds): boolean => now < until

/** Whether WeChat still accepts refunds of a payment. */
export const isRefundable = (
  { paidAt }: Readonly<{ paidAt: UnixSeconds }>,
  now: UnixSeconds,
): boolean => now <= later(paidAt, REFUNDABLE_S)

/** Whether WeChat has not accepted the refund for so long that a person must look. */
export const waitsLong = ({ state, requestedAt }: Refund, now: UnixSeconds): boolean =>
  state === 'requested' && now >= later(requestedAt, WAIT_MAX_S)

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
 * @param isAnswered Whether WeChat gave a clear answer about it now.
 * @returns undefined for never: the refund is final, or accepted and overdue.
 */
export function refundDueAt(
  refund: Refund,
  others: readonly Refund[],
  now: UnixSeconds,
  isAnswered = true,
): UnixSeconds | undefined {
  if (isFinal(refund)) return undefined
  if (refund.startedAt === undefined && refund.state === 'requested') {
    return nextStartAt(others, now) ?? now
  }
  const next = nextRefundQueryAt(scheduleStart(refund), now)
  if (refund.state !== 'requested') return next
  // The refund's amount stays reserved until WeChat accepts the refund. So after the end of the schedule the
  // cron sends the refund every day.
  const scheduled = next ?? later(now, DAY_S)
  const isAway = !isAnswered && now < later(refund.requestedAt, DAY_S)
  const isBusy = isAway || BUSY.includes(refund.errCode ?? '')
  // When the refund has waited for long, the cron must look, so that it opens the review.
  const longAt = later(refund.requestedAt, WAIT_MAX_S)
  return Math.min(
    scheduled,
    ...(isBusy ? [later(now, BUSY_PAUSE_S)] : []),
    ...(longAt > now ? [longAt] : []),
  ) as UnixSeconds
}

/** Whether a refund has no final state after thirty days, so that a person must look. */
export const isOverdue = (refund: Refund, now: UnixSeconds): boolean =>
  !isFinal(refund) && nextRefundQueryAt(scheduleStart(refund), now) === undefined

/**
 * When the schedule of a refund began: when WeChat accepted the refund, else when it was first sent, else
 * when it was requested.
 */
const scheduleStart = ({ acceptedAt, startedAt, requestedAt }: Refund): UnixSeconds =>
  acceptedAt ?? startedAt ?? requestedAt
