/**
 * Webhooks: the messages to the shop, each about one fact. A fact has one webhook, however often it is sent.
 */
import { HOUR_S, later, MINUTE_S, type UnixSeconds } from './time.ts'

/** The `type` of a webhook's body. */
export type WebhookType =
  | 'order.paid'
  | 'order.closed'
  | 'payment.returned'
  | 'refund.succeeded'
  | 'refund.failed'
  | 'review.opened'
  | 'bill.reconciled'

/**
 * How urgent a webhook is. `money`: the shop must ship, or money went back, or a person must act. `news`: an order was
 * closed, or a bill was reconciled.
 */
export type WebhookClass = 'money' | 'news'

/** The types of the class `news`. */
export const NEWS: readonly WebhookType[] = ['order.closed', 'bill.reconciled']

/** A fact about an order, a refund, a review or a bill, of which the shop is notified. */
export type Webhook = Readonly<{
  type: WebhookType
  /** What the fact is about: a transaction_id, an ordercode, an out_refund_no, a review's id or a day. */
  subject: string
  ordercode: string | undefined
  /**
   * The order's revision after the change that this webhook reports; undefined when the webhook is not about
   * a change of an order.
   */
  revision: number | undefined
}>

/**
 * The `webhook-id` of a webhook. It derives from the fact alone, so it is the same on every try, and after a
 * restore of the database.
 */
export const webhookId = ({ type, subject }: Pick<Webhook, 'type' | 'subject'>): string =>
  `${type}.${subject}`

/**
 * The pauses between the tries of a webhook, in seconds: after the first failed try, the second, and so on.
 * If the try after the last pause fails, the webhook is given up.
 */
const PAUSES_S = [
  MINUTE_S,
  5 * MINUTE_S,
  30 * MINUTE_S,
  ...[2, 5, 10, 14, 20, 24].map((hours) => hours * HOUR_S),
]

/**
 * When to try a webhook again.
 *
 * @param step The number of failed tries since the retry schedule began, at least one.
 * @returns undefined when the schedule has ended, so that the webhook is given up.
 */
export function nextTryAt(step: number, now: UnixSeconds): UnixSeconds | undefined {
  const pause = PAUSES_S[step - 1]
  return pause === undefined ? undefined : later(now, pause)
}
