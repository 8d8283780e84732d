/** The reconciliation of a day. */
import * as v from 'valibot'
import { Count, Day, Fen, Int, TextOrNull, TimeOrNull, told } from './fields.ts'

const Side = v.nullable(v.record(v.string(), v.union([v.string(), v.number()])))

export const Difference = v.object({
  kind: v.picklist([
    'payment_not_here',
    'refund_not_here',
    'payment_of_unknown_order',
    'refund_of_unknown_order',
    'payment_not_in_bill',
    'refund_not_in_bill',
    'payment_differs',
    'refund_differs',
    'payment_repeated',
    'refund_repeated',
    'payment_revoked',
    'row_unreadable',
    'row_outside_day',
    'sum_differs',
    'rate_changed',
  ]),
  subject: told(v.string(), 'a transaction_id, an out_refund_no, a row or a sum'),
  ordercode: TextOrNull,
  bill: told(Side, 'what the bill states'),
  books: told(Side, 'what our records state'),
  outcome: told(
    v.nullable(v.picklist(['booked', 'review'])),
    'booked: a query confirmed the bill. null while it is open',
  ),
  review_id: TextOrNull,
})

export const Bill = v.object({
  date: told(Day, 'a day in Beijing'),
  state: v.picklist(['waiting', 'comparing', 'settling', 'reconciled', 'unavailable']),
  fetched_at: TimeOrNull,
  reconciled_at: TimeOrNull,
  last_error: TextOrNull,
  bill: v.object({
    rows: Count,
    payments: Count,
    total_fee: Fen,
    settlement_total_fee: told(Fen, 'what WeChat pays out: without coupons of the merchant'),
    refunds: Count,
    refund_fee: Fen,
    service_fee_millifen: told(Int, 'thousandths of a fen'),
    revoked: Count,
    others: told(Count, 'rows of other systems; the next three say of which'),
    other_appids: Count,
    other_numbers: Count,
    unknown_orders: Count,
    unreadable: Count,
    rates: told(v.record(v.string(), v.number()), 'payments by rate of the service fee'),
  }),
  books: told(
    v.nullable(v.object({ payments: Count, total_fee: Fen, refunds: Count, refund_fee: Fen })),
    'our records of the day; null until it is reconciled',
  ),
  difference_count: Count,
  differences: told(v.array(Difference), 'the first ones'),
})
