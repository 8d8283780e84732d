/** The bodies of webhooks. */
import * as v from 'valibot'
import { Bill } from './bill.ts'
import { Count, TextOrNull, Time } from './fields.ts'
import { Order, Refund, Review } from './order.ts'

/** A refund, with the revision of its order. */
export const RefundNews = v.object({ ...Refund.entries, revision: Count })

export const Alert = v.object({
  text: v.string(),
  reviews: v.array(v.object({ id: v.string(), kind: Review.entries.kind, ordercode: TextOrNull })),
  began: v.array(v.string()),
  ended: v.array(v.string()),
  all_resolved: v.boolean(),
  console: v.string(),
})

/** The `data` of each type of webhook. */
export const WEBHOOK_DATA = {
  'order.paid': Order,
  'order.closed': Order,
  'payment.returned': Order,
  'refund.succeeded': RefundNews,
  'refund.failed': RefundNews,
  'review.opened': Review,
  'bill.reconciled': Bill,
  alert: Alert,
} as const

/** The body of one type of webhook. */
export const webhookOf = <const T extends keyof typeof WEBHOOK_DATA>(type: T) =>
  v.object({ type: v.literal(type), timestamp: Time, data: WEBHOOK_DATA[type] })
