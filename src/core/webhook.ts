/** What the shop is told. One webhook for one fact, whatever happens on the way. */
import { HOUR_S, later, MINUTE_S, type UnixSeconds } from './time.ts'

export type WebhookType =
  | 'order.paid'
  | 'order.closed'
  | 'payment.returned'
  | 'refund.succeeded'
  | 'refund.failed'
  | 'review.opened'
  | 'bill.reconciled'

export type Webhook = Readonly<{
  type: WebhookType
  /** What the fact is about: a transaction_id, an ordercode, an out_refund_no, a review's id, a day. */
  subject: string
  ordercode: string | undefined
  /** The order's revision at which it came true. */
  revision: number | undefined
}>

/** The `webhook-id`: derived from the fact alone, so the same on every try and after a restore. */
export const webhookId = ({ type, subject }: Pick<Webhook, 'type' | 'subject'>): string =>
  `${type}.${subject}`

/** Pauses after the first try and after each one that follows; then nobody tries any more. */
const PAUSES_S = [
  MINUTE_S,
  5 * MINUTE_S,
  30 * MINUTE_S,
  ...[2, 5, 10, 14, 20, 24].map((hours) => hours * HOUR_S),
]

/** @param step Failed tries since the ladder began. @returns undefined when it is used up. */
export function nextTryAt(step: number, now: UnixSeconds): UnixSeconds | undefined {
  const pause = PAUSES_S[step - 1]
  return pause === undefined ? undefined : later(now, pause)
}
