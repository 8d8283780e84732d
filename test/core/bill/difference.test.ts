import { describe, expect, it } from 'vitest'
import {
  collectedReview,
  type DifferenceKind,
  differenceReview,
  found,
  isQueryable,
  isRepetition,
  missingBillReview,
} from '../../../src/core/bill/difference.ts'
import { hasWrongFee } from '../../../src/core/bill/sides.ts'
import type { BeijingDay } from '../../../src/core/day.ts'

const DAY = '2026-11-23' as BeijingDay

/** What is done about a difference of each kind besides its review. */
const KINDS: Readonly<Record<DifferenceKind, 'query' | 'count rows' | 'nothing'>> = {
  payment_not_here: 'query',
  refund_not_here: 'query',
  payment_of_unknown_order: 'nothing',
  refund_of_unknown_order: 'nothing',
  payment_not_in_bill: 'nothing',
  refund_not_in_bill: 'nothing',
  payment_differs: 'nothing',
  refund_differs: 'query',
  payment_repeated: 'count rows',
  refund_repeated: 'count rows',
  payment_revoked: 'nothing',
  row_unreadable: 'nothing',
  row_outside_day: 'nothing',
  sum_differs: 'nothing',
  rate_changed: 'nothing',
}

describe('a difference', () => {
  it.each(Object.entries(KINDS) as [DifferenceKind, string][])('of kind %s: %s', (kind, what) => {
    expect(isQueryable(kind)).toBe(what === 'query')
    expect(isRepetition(kind)).toBe(what === 'count rows')
  })

  it('has a review with both sides, about the order', () => {
    const difference = found({
      day: DAY,
      kind: 'refund_differs',
      subject: 'REFUND-1001',
      ordercode: 'SHOP-1001',
      bill: { refund_fee: 500 },
      books: { refund_fee: 400, transaction_id: '42' },
    })

    expect(differenceReview(difference)).toEqual({
      kind: 'bill_difference',
      subject: '2026-11-23.refund_differs.REFUND-1001',
      ordercode: 'SHOP-1001',
      evidence: {
        day: DAY,
        difference: 'refund_differs',
        subject: 'REFUND-1001',
        bill_refund_fee: 500,
        books_refund_fee: 400,
        books_transaction_id: '42',
      },
    })
  })

  it('about a payment of an unknown order has the review that a notice of the payment has', () => {
    const difference = found({
      day: DAY,
      kind: 'payment_of_unknown_order',
      subject: '42',
      ordercode: 'SHOP-1001',
      bill: { transaction_id: '42', total_fee: 100 },
    })

    expect(differenceReview(difference)).toEqual({
      kind: 'unknown_order',
      subject: '42',
      ordercode: undefined,
      evidence: { transaction_id: '42', total_fee: 100, source: 'bill', day: DAY },
    })
  })

  it('about a wrong fee is known by its field', () => {
    expect(hasWrongFee({ service_fee_millifen: 7_000, rate: '0.60%' })).toBe(true)
    expect(hasWrongFee({ total_fee: 100 })).toBe(false)
    expect(hasWrongFee(undefined)).toBe(false)
  })
})

describe('the review of a day', () => {
  it('covers very many differences of a kind', () => {
    expect(collectedReview(DAY, 'payment_not_here', 101)).toEqual({
      kind: 'bill_difference',
      subject: '2026-11-23.payment_not_here',
      ordercode: undefined,
      evidence: { day: DAY, difference: 'payment_not_here', count: 101 },
    })
  })

  it('says that its bill is missing', () => {
    expect(missingBillReview(DAY, 'not_ready')).toEqual({
      kind: 'bill_difference',
      subject: '2026-11-23.bill_missing',
      ordercode: undefined,
      evidence: { day: DAY, difference: 'bill_missing', reason: 'not_ready' },
    })
  })
})
