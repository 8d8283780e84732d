/** Orders with all that belongs to them, as the shop sees them. */
import * as v from 'valibot'
import { Count, Fen, Int, TextOrNull, Time, TimeOrNull, told } from './fields.ts'

export const Actor = told(v.string(), 'shop, system, wechat, payer, or the name of an operator')

export const Refund = v.object({
  out_refund_no: v.string(),
  ordercode: v.string(),
  transaction_id: v.string(),
  state: told(
    v.picklist([
      'requested',
      'processing',
      'succeeded',
      'refused',
      'abnormal',
      'closed',
      'cancelled',
    ]),
    'requested: WeChat has not accepted it yet. abnormal: the card of the payer cannot take it',
  ),
  refund_fee: Fen,
  total_fee: told(Fen, 'of the payment'),
  reason: TextOrNull,
  refund_account: v.nullable(v.picklist(['unsettled', 'available'])),
  source: v.picklist(['shop', 'operator', 'automatic', 'merchant_platform']),
  actor: v.nullable(Actor),
  refund_id: TextOrNull,
  received_by: told(TextOrNull, 'a card or account'),
  err_code: told(TextOrNull, "WeChat's last refusal"),
  err_code_des: TextOrNull,
  requested_at: Time,
  accepted_at: TimeOrNull,
  succeeded_at: TimeOrNull,
  ended_at: TimeOrNull,
  cancelled_at: TimeOrNull,
})

export const Review = v.object({
  id: v.string(),
  kind: v.picklist([
    'amount_mismatch',
    'currency_mismatch',
    'unknown_order',
    'foreign_payment',
    'transaction_conflict',
    'late_payment',
    'second_payment',
    'partly_returned',
    'refund_abnormal',
    'refund_overdue',
    'refund_waiting',
    'refund_failed',
    'refund_conflict',
    'bill_difference',
    'webhook_given_up',
    'other_merchant',
  ]),
  ordercode: TextOrNull,
  evidence: told(
    v.record(v.string(), v.union([v.string(), v.number(), v.boolean()])),
    'what was found and expected',
  ),
  opened_at: Time,
  actor: told(Actor, 'who opened or resolved it'),
  resolved_at: told(TimeOrNull, 'null while it is open'),
  action: v.nullable(v.picklist(['accept', 'refund'])),
  note: TextOrNull,
})

export const Attempt = v.object({
  out_trade_no: v.string(),
  state: v.picklist(['open', 'closing', 'closed', 'paid']),
  openid: v.string(),
  total_fee: Fen,
  prepay_expires_at: TimeOrNull,
})

export const Payment = v.object({
  transaction_id: v.string(),
  out_trade_no: v.string(),
  total_fee: Fen,
  cash_fee: told(v.nullable(Fen), 'less than total_fee when coupons paid a part'),
  bank_type: TextOrNull,
  paid_at: Time,
  refunded_fee: told(Fen, 'what has gone back'),
  refunding_fee: told(Fen, 'what is on its way back'),
  returned: told(v.boolean(), 'whether it goes back, so that nothing is shipped for it'),
})

export const Order = v.object({
  ordercode: v.string(),
  state: told(
    v.picklist(['created', 'paying', 'paid', 'closed']),
    'closed: no attempt can be paid any more',
  ),
  revision: told(Count, 'grows with every change'),
  total_fee: Fen,
  body: v.string(),
  attach: TextOrNull,
  detail: TextOrNull,
  goods_tag: TextOrNull,
  limit_pay: TextOrNull,
  openid: told(TextOrNull, 'the only payer who may pay'),
  expires_in: told(Int, 'seconds from created_at'),
  created_at: Time,
  expires_at: Time,
  attempts: v.array(Attempt),
  payments: v.array(Payment),
  transaction_id: told(TextOrNull, 'the payment that made it paid'),
  paid_at: TimeOrNull,
  closed_at: TimeOrNull,
  refunded_fee: Fen,
  refunds: v.array(Refund),
  reviews: v.array(Review),
})

/** Answers to `POST …/query` say more when WeChat did not list the refunds of a payment. */
export const QueriedOrder = v.object({
  ...Order.entries,
  refunds_unanswered: v.exactOptional(
    told(v.array(v.string()), 'payments whose refunds WeChat did not list'),
  ),
})

export const OrderEvent = told(
  v.looseObject({
    type: told(v.string(), 'order_registered, attempt_opened, payment_booked, order_closed, …'),
    at: Time,
    revision: Count,
    actor: Actor,
  }),
  'Further fields depend on the type',
)
