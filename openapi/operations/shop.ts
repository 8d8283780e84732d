import * as v from 'valibot'
import type { SHOP_ROUTES } from '../../src/routes/shop/routes.ts'
import { Bill } from '../schemas/bill.ts'
import { TextOrNull, told } from '../schemas/fields.ts'
import { Delivery } from '../schemas/operation.ts'
import { Order, OrderEvent, QueriedOrder, Refund, Review } from '../schemas/order.ts'
import type { Answer, Operations } from './operation.ts'

const order: Answer = { schema: Order, etag: true, description: 'The order' }
const refund: Answer = { schema: Refund, description: 'The refund' }
const bill: Answer = { schema: Bill, description: 'The report of the day' }

/** A page of a list. @param name The name of the list in the answer. */
export const pageOf = <const Name extends string, const S extends v.GenericSchema>(
  name: Name,
  each: S,
): Answer => ({
  schema: v.object({
    [name]: v.array(each),
    next_cursor: told(TextOrNull, 'for the next page; null at the end'),
  }),
  description: 'A page',
})

/** The operations of the shop's backend. */
export const SHOP_OPERATIONS = {
  'GET /orders': {
    id: 'listOrders',
    summary: 'Orders, newest first',
    more: '`created_from` is inclusive, `created_to` exclusive. A page may be short: only `next_cursor: null` is the end.',
    pages: 'newest',
    answers: { 200: pageOf('orders', Order) },
    codes: ['invalid_request'],
  },
  'PUT /orders/:ordercode': {
    id: 'putOrder',
    summary: 'Registers an order, or changes it while it is unpaid',
    more: 'Repeating it changes nothing, so repeat it when no answer came. With `openid` only that payer can pay. A payer who is at the cashier with the old price is stopped first: if that cannot be confirmed, the answer is 503 and nothing has changed.',
    ifMatch: true,
    answers: {
      200: { ...order, description: 'As it was, or changed' },
      201: { ...order, description: 'Registered' },
    },
    codes: [
      'invalid_request',
      'order_paid',
      'order_closed',
      'order_busy',
      'revision_conflict',
      'other_merchant',
      'wechat_unavailable',
    ],
  },
  'GET /orders/:ordercode': {
    id: 'getOrder',
    summary: 'An order with its attempts, payments, refunds and reviews',
    answers: { 200: order },
    codes: ['order_not_found'],
  },
  'GET /orders/:ordercode/events': {
    id: 'listOrderEvents',
    summary: 'What happened to an order, oldest first',
    pages: 'oldest',
    answers: { 200: pageOf('events', OrderEvent) },
    codes: ['invalid_request', 'order_not_found'],
  },
  'POST /orders/:ordercode/query': {
    id: 'queryOrder',
    summary: 'Queries WeChat about an order now',
    answers: { 200: { ...order, schema: QueriedOrder } },
    codes: ['order_not_found', 'other_merchant', 'wechat_unavailable'],
  },
  'POST /orders/:ordercode/close': {
    id: 'closeOrder',
    summary: 'Closes an order at WeChat, then here',
    more: 'After 200 the order cannot be paid any more. 409 `order_busy`: WeChat has not confirmed it, so the order stays as it is; try again.',
    answers: { 200: order },
    codes: ['order_not_found', 'order_paid', 'order_busy', 'other_merchant'],
  },

  'PUT /orders/:ordercode/refunds/:out_refund_no': {
    id: 'putRefund',
    summary: 'Refunds a payment, or a part of it',
    more: 'The number makes it idempotent: after a lost answer repeat it with the same `out_refund_no`, because another number is another refund. `requested` means that the amount is reserved and WeChat has not accepted it yet; the Worker goes on trying. A webhook tells the end.',
    answers: {
      200: { ...refund, description: 'Known already' },
      201: { ...refund, description: 'Reserved, and sent if it could be' },
    },
    codes: [
      'invalid_request',
      'order_not_found',
      'order_not_paid',
      'order_busy',
      'other_merchant',
      'refund_conflict',
      'refund_exceeds_payment',
      'refund_limit_reached',
      'too_many_refunds',
      'refund_not_configured',
      'refunds_paused',
    ],
  },
  'GET /orders/:ordercode/refunds/:out_refund_no': {
    id: 'getRefund',
    summary: 'A refund',
    answers: { 200: refund },
    codes: ['order_not_found', 'refund_not_found'],
  },
  'DELETE /orders/:ordercode/refunds/:out_refund_no': {
    id: 'cancelRefund',
    summary: 'Calls off a refund that WeChat has not taken on',
    more: 'The number of a refund that was called off is spent.',
    answers: { 200: { ...refund, description: 'Called off' } },
    codes: [
      'order_not_found',
      'refund_not_found',
      'refund_under_way',
      'other_merchant',
      'wechat_unavailable',
    ],
  },

  'GET /bills/:date': {
    id: 'getBill',
    summary: "The reconciliation of a day with WeChat's bill",
    answers: { 200: bill },
    codes: ['invalid_request', 'bill_not_found', 'bill_not_ready'],
  },
  'GET /bills/:date/raw': {
    id: 'getBillFile',
    summary: 'The bill as WeChat sent it',
    more: 'It has the payments of all systems of the merchant number, so a viewer may not read it.',
    answers: { 200: { types: ['text/csv', 'application/gzip'], description: 'The file' } },
    codes: ['invalid_request', 'bill_not_found', 'bill_not_ready'],
  },
  'POST /bills/:date/reconcile': {
    id: 'reconcileBill',
    summary: 'Downloads the bill of a day and reconciles it now',
    answers: { 200: bill },
    codes: ['invalid_request', 'bill_not_found', 'bill_not_ready'],
  },

  'GET /reviews': {
    id: 'listReviews',
    summary: 'What a person must look at, newest first',
    pages: 'newest',
    answers: { 200: pageOf('reviews', Review) },
    codes: ['invalid_request'],
  },
  'POST /reviews/:id/resolve': {
    id: 'resolveReview',
    summary: 'Resolves a review with a note and, where the kind allows it, an action',
    more: '`accept` records the payment, `refund` returns it. [Which kind allows which](operations.md#reviews).',
    answers: { 200: { schema: Review, description: 'The review' } },
    codes: [
      'invalid_request',
      'review_not_found',
      'review_resolved',
      'action_not_allowed',
      'order_busy',
      'other_merchant',
      'refund_refused',
      'refund_cancelled',
      'refund_limit_reached',
      'refund_not_configured',
      'refunds_paused',
      'wechat_unavailable',
    ],
  },

  'GET /deliveries': {
    id: 'listDeliveries',
    summary: 'Webhooks and their tries, newest first',
    pages: 'newest',
    answers: { 200: pageOf('deliveries', Delivery) },
    codes: ['invalid_request'],
  },
  'POST /deliveries/:id/resend': {
    id: 'resendDelivery',
    summary: 'Sends a webhook again',
    answers: { 200: { schema: Delivery, description: 'The webhook after the try' } },
    codes: ['delivery_not_found', 'no_target'],
  },
} satisfies Operations<typeof SHOP_ROUTES>
