import { describe, expect, it } from 'vitest'
import { toFen } from '../../../src/core/money.ts'
import { paymentReview, rejectionReview } from '../../../src/core/order/reviews.ts'
import { mayAccept, reviewId } from '../../../src/core/review.ts'
import { webhookId } from '../../../src/core/webhook.ts'
import {
  aPayment,
  aTransactionId,
  ORDERCODE,
  PAYMENT,
} from '../../../testing/samples/order-samples.ts'

describe('a review', () => {
  it('has an id that depends only on its kind and subject', () => {
    const first = paymentReview('late_payment', PAYMENT, ORDERCODE, 'notice')
    const again = paymentReview('late_payment', PAYMENT, undefined, 'query')
    const other = paymentReview('second_payment', PAYMENT, ORDERCODE, 'notice')

    expect(reviewId(first)).toBe(reviewId(again))
    expect(reviewId(first)).not.toBe(reviewId(other))
  })

  it('keeps what a person needs to decide', () => {
    expect(paymentReview('late_payment', PAYMENT, ORDERCODE, 'notice')).toEqual({
      kind: 'late_payment',
      subject: '4200000540202401020123456789',
      ordercode: ORDERCODE,
      evidence: {
        transaction_id: '4200000540202401020123456789',
        out_trade_no: ORDERCODE,
        openid: 'oUpF8uMuAJO_M2pxb1Q9zNjWeS6o',
        trade_type: 'JSAPI',
        fee_type: 'CNY',
        total_fee: 100,
        cash_fee: 100,
        bank_type: 'OTHERS',
        paid_at: PAYMENT.paidAt,
        source: 'notice',
      },
    })
  })

  it('is opened for every refused payment except a second one, which is recorded', () => {
    const open = (rejection: Parameters<typeof rejectionReview>[0]) =>
      rejectionReview(rejection, aPayment(), ORDERCODE, 'notice')
    const recorded = aTransactionId('1')

    expect(open({ reason: 'amount_mismatch', expected: toFen(1), got: toFen(100) })).toMatchObject({
      kind: 'amount_mismatch',
      evidence: { expected: 1, total_fee: 100 },
    })
    expect(open({ reason: 'currency_mismatch', got: 'USD' })).toMatchObject({
      kind: 'currency_mismatch',
    })
    expect(open({ reason: 'unknown_order' })).toMatchObject({ kind: 'unknown_order' })
    expect(open({ reason: 'foreign_payment', mismatch: 'openid' })).toMatchObject({
      kind: 'foreign_payment',
      evidence: { mismatch: 'openid' },
    })
    expect(open({ reason: 'second_payment', recorded })).toBeUndefined()
  })

  it('lets an operator accept a foreign payment, but never another amount or currency', () => {
    expect(mayAccept('foreign_payment')).toBe(true)
    expect(mayAccept('amount_mismatch')).toBe(false)
    expect(mayAccept('currency_mismatch')).toBe(false)
  })
})

describe('a webhook', () => {
  it('has an id that depends only on its type and subject', () => {
    const paid = webhookId({ type: 'order.paid', subject: PAYMENT.transactionId })

    expect(paid).toBe(webhookId({ type: 'order.paid', subject: PAYMENT.transactionId }))
    expect(paid).not.toBe(webhookId({ type: 'payment.returned', subject: PAYMENT.transactionId }))
    expect(paid).not.toBe(webhookId({ type: 'order.paid', subject: 'other' }))
  })
})
