/** What the shop is told. One webhook for one fact, whatever happens on the way. */

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
