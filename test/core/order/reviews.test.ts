import { describe, expect, it } from 'vitest'
import { toFen } from '../../../src/core/money.ts'
import type { BeijingDay } from '../../../src/core/day.ts'
import { parseOutRefundNo } from '../../../src/core/order/refund.ts'
import {
  conflictReview,
  heldReview,
  heldSubject,
  otherMerchantReview,
  paymentReview,
  rejectionReview,
  waitingReview,
} from '../../../src/core/order/reviews.ts'
import { mayAccept, reviewId } from '../../../src/core/review.ts'
import { webhookId } from '../../../src/core/webhook.ts'
import {
  aPayment,
  aTransactionId,
  ORDERCODE,
  PAYMENT,
} from '../../../testing/samples/order-samples.ts'
import { aRecord, aRefund, NOW, R1 } from '../../../testing/samples/refund-samples.ts'

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

describe('the review of a refund that waits', () => {
  it('has the words of WeChat, and since when the refund waits', () => {
    const words = { errCode: 'NOTENOUGH', errCodeDes: '基本账户余额不足，请充值后重新发起' }
    expect(waitingReview(aRefund(words), ORDERCODE)).toEqual({
      kind: 'refund_waiting',
      subject: R1,
      ordercode: ORDERCODE,
      evidence: {
        out_refund_no: R1,
        transaction_id: PAYMENT.transactionId,
        refund_fee: 30,
        state: 'requested',
        err_code: 'NOTENOUGH',
        err_code_des: '基本账户余额不足，请充值后重新发起',
        requested_at: NOW,
      },
    })
  })

  it('says to use the available balance when what is not settled yet does not suffice', () => {
    const short = aRefund({
      errCode: 'NOTENOUGH',
      errCodeDes: '交易未结算资金不足，请使用可用余额退款',
    })
    expect(waitingReview(short, ORDERCODE).evidence['advice']).toContain(
      '"refund_account": "available"',
    )
  })
})

describe('the review of refunds that are held back', () => {
  it('is one for each reason, and never that of a refund with such a number', () => {
    const day = '2026-11-23' as BeijingDay
    const held = { day, count: 3, refundFee: 900 }
    const paused = heldReview({ reason: 'paused', ...held })
    const limit = heldReview({ reason: 'limit', ...held })
    expect(paused.evidence).toEqual({ reason: 'paused', refunds: 3, refund_fee: 900 })
    expect(reviewId(paused)).not.toBe(reviewId(limit))
    for (const { subject } of [paused, limit]) expect(parseOutRefundNo(subject)).toBeUndefined()
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

describe('a review of refunds', () => {
  it('that do not fit our records has what WeChat reports', () => {
    expect(conflictReview(aRecord(), ORDERCODE, 'amount')).toEqual({
      kind: 'refund_conflict',
      subject: R1,
      ordercode: ORDERCODE,
      evidence: {
        out_refund_no: R1,
        transaction_id: PAYMENT.transactionId,
        refund_id: '50000405502024010200000000001',
        refund_fee: 30,
        status: 'processing',
        reason: 'amount',
      },
    })
  })

  it('that are held back is one for the pause, and one for each day of the limit', () => {
    const day = '2026-11-23' as BeijingDay

    expect(heldSubject({ reason: 'paused', day })).toBe('refunds.paused')
    expect(heldSubject({ reason: 'limit', day })).toBe('refunds.limit.2026-11-23')
    expect(heldReview({ reason: 'limit', day, count: 3, refundFee: 70 })).toEqual({
      kind: 'refund_waiting',
      subject: 'refunds.limit.2026-11-23',
      ordercode: undefined,
      evidence: { reason: 'limit', refunds: 3, refund_fee: 70 },
    })
  })

  it('of another merchant number has both numbers', () => {
    expect(otherMerchantReview('1900000109', '10000100')).toEqual({
      kind: 'other_merchant',
      subject: '1900000109',
      ordercode: undefined,
      evidence: { mch_id: '1900000109', configured_mch_id: '10000100' },
    })
  })
})
