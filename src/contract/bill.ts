import type { Bill } from '../core/bill/bill.ts'
import type { ReportedDifference, Side } from '../core/bill/difference.ts'
import { timeOrNull } from '../core/time.ts'
import { fieldsJson } from './fields.ts'

/**
 * A day's bill with its differences from our records:
 * `total` counts all of them, `some` lists the first ones.
 */
export type BillReport = Readonly<{
  bill: Bill
  differences: Readonly<{ total: number; some: readonly ReportedDifference[] }>
}>

/**
 * The JSON of a day's reconciliation, as the shop sees it. Contract: fields
 * are added, never renamed. Sums are in fen. Only the service fee is in
 * thousandths of a fen, because WeChat states it in yuan with five decimals.
 */
export function billJson({ bill, differences }: BillReport) {
  const { counts } = bill
  return {
    date: bill.day,
    state: bill.state,
    fetched_at: timeOrNull(bill.fetchedAt),
    reconciled_at: timeOrNull(bill.reconciledAt),
    last_error: bill.lastError ?? null,
    bill: {
      rows: counts.rows,
      payments: counts.payments,
      total_fee: counts.paymentFee,
      settlement_total_fee: counts.settlementFee,
      refunds: counts.refunds,
      refund_fee: counts.refundFee,
      service_fee_millifen: counts.serviceFee,
      revoked: counts.revoked,
      others: counts.others,
      other_appids: counts.otherAppids,
      other_numbers: counts.otherNumbers,
      unknown_orders: counts.unknownOrders,
      unreadable: counts.unreadable,
      rates: counts.rates,
    },
    books:
      counts.books === undefined
        ? null
        : {
            payments: counts.books.payments,
            total_fee: counts.books.paymentFee,
            refunds: counts.books.refunds,
            refund_fee: counts.books.refundFee,
          },
    difference_count: differences.total,
    differences: differences.some.map(differenceJson),
  }
}

const differenceJson = (difference: ReportedDifference) => ({
  kind: difference.kind,
  subject: difference.subject,
  ordercode: difference.ordercode ?? null,
  bill: sideJson(difference.bill),
  books: sideJson(difference.books),
  outcome: difference.outcome === 'collected' ? 'review' : (difference.outcome ?? null),
  review_id: difference.reviewId ?? null,
})

const sideJson = (side: Side | undefined) => (side === undefined ? null : fieldsJson(side))
