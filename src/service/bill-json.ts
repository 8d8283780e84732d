import { differenceReview, type Difference } from '../core/bill.ts'
import { reviewId } from '../core/review.ts'
import { timeOrNull } from '../core/time.ts'
import type { Bill } from './bill-port.ts'

/** More of them than a person reads, and less than a reply can hold. */
const DIFFERENCES_MAX = 1_000

/** The reconciliation of a day. Contract: fields are added, never renamed. Sums are fen. */
export const billJson = (
  bill: Bill,
  differences: readonly Difference[],
): Record<string, unknown> => ({
  date: bill.day,
  state: bill.state,
  fetched_at: timeOrNull(bill.fetchedAt),
  reconciled_at: timeOrNull(bill.reconciledAt),
  last_error: bill.lastError ?? null,
  bill: {
    rows: bill.counts.rows,
    payments: bill.counts.payments,
    total_fee: bill.counts.paymentFee,
    refunds: bill.counts.refunds,
    refund_fee: bill.counts.refundFee,
    others: bill.counts.others,
    unreadable: bill.counts.unreadable,
  },
  books:
    bill.counts.books === undefined
      ? null
      : { payments: bill.counts.books.payments, total_fee: bill.counts.books.paymentFee },
  difference_count: differences.length,
  differences: differences.slice(0, DIFFERENCES_MAX).map((difference) => ({
    kind: difference.kind,
    subject: difference.subject,
    ordercode: difference.ordercode ?? null,
    bill: difference.bill ?? null,
    books: difference.books ?? null,
    outcome: difference.outcome ?? null,
    review_id: difference.outcome === 'review' ? reviewId(differenceReview(difference)) : null,
  })),
})
