import { describe, expect, it } from 'vitest'
import { formatOutTradeNo } from '../../../src/core/ids.ts'
import { toFen } from '../../../src/core/money.ts'
import { type Attempt, restoredAttempt } from '../../../src/core/order/attempt.ts'
import type { OrderView } from '../../../src/core/order/order.ts'
import { transition } from '../../../src/core/order/transition.ts'
import {
  aBookedPayment,
  anAttempt,
  aPayment,
  at,
  aTransactionId,
  aView,
  ORDERCODE,
  OTHER_OPENID,
  PAYMENT,
} from '../../../testing/samples/order-samples.ts'

const NOW = at(3_600)

/** The attempt of the sample payment, as it is made again from WeChat's report. */
const LOST = anAttempt({ state: 'paid' })
/** The order that the shop has registered again after a restore of the database. */
const AGAIN = aView({ state: 'created', revision: 1 })

const restore = (before: OrderView, attempt: Attempt = LOST, payment = PAYMENT) =>
  transition(before, { type: 'payment_restored', payment, attempt }, NOW)

function restored(before: OrderView, attempt: Attempt = LOST, payment = PAYMENT) {
  const step = restore(before, attempt, payment)
  if (!step.ok || step.value.kind === 'unchanged') throw new Error('the payment is not restored')
  return step.value
}

describe('a payment whose attempt was lost with a restore of the database', () => {
  it('makes the order paid that the shop has registered again', () => {
    expect(restored(AGAIN)).toEqual({
      kind: 'changed',
      after: {
        order: {
          ...AGAIN.order,
          state: 'paid',
          transactionId: PAYMENT.transactionId,
          paidAt: at(54),
          revision: 2,
        },
        attempts: [LOST],
        payments: [aBookedPayment({ returned: false, confirmedAt: NOW })],
        refunds: [],
      },
      webhooks: [
        { type: 'order.paid', subject: PAYMENT.transactionId, ordercode: ORDERCODE, revision: 2 },
      ],
      reviews: [],
    })
  })

  it('has an attempt with what WeChat tells of it, and no prepay_id to sign', () => {
    const { outTradeNo, number, terms } = LOST
    const { appid, mchId, notifyUrl, signType, body } = terms
    const known = { appid, mchId, notifyUrl, signType, body }

    expect(restoredAttempt({ outTradeNo, number }, PAYMENT, known)).toEqual({
      outTradeNo,
      number: 1,
      state: 'paid',
      terms: {
        ...terms,
        spbillCreateIp: '',
        timeStart: at(54),
        timeExpire: at(54),
      },
      sentAt: at(54),
      answeredAt: at(54),
      unansweredAt: undefined,
      prepayId: undefined,
      prepayExpiresAt: undefined,
      codeHash: undefined,
      codeAt: undefined,
      closedAt: undefined,
    })
  })

  it('is restored once', () => {
    expect(restore(restored(AGAIN).after)).toMatchObject({ value: { kind: 'unchanged' } })
  })

  it('takes its place among the attempts of the order by its number', () => {
    const numbered = (number: number) =>
      anAttempt({ number, outTradeNo: formatOutTradeNo(ORDERCODE, number), state: 'closed' })
    const before = aView({ state: 'paying', revision: 5 }, [numbered(1), numbered(3)])
    const payment = aPayment({ outTradeNo: formatOutTradeNo(ORDERCODE, 2) })

    const { after } = restored(before, { ...numbered(2), state: 'paid' }, payment)

    expect(after.attempts.map(({ number }) => number)).toEqual([1, 2, 3])
  })

  it('is a second payment, and the order keeps the first, when the order is paid', () => {
    const first = aTransactionId('4200000540202401029999999999')
    const other = anAttempt({
      number: 2,
      outTradeNo: formatOutTradeNo(ORDERCODE, 2),
      state: 'paid',
    })
    const paid = aView(
      { state: 'paid', revision: 4, transactionId: first, paidAt: at(10) },
      [other],
      [aPayment({ transactionId: first, outTradeNo: other.outTradeNo })],
    )

    const { after, webhooks, reviews } = restored(paid)

    expect(after.order).toEqual({ ...paid.order, revision: 5 })
    expect(after.payments).toHaveLength(2)
    expect(after.attempts).toEqual([LOST, other])
    expect(webhooks).toEqual([])
    expect(reviews).toMatchObject([
      {
        kind: 'second_payment',
        subject: PAYMENT.transactionId,
        ordercode: ORDERCODE,
        evidence: { recorded: first, source: 'operator', total_fee: 100 },
      },
    ])
  })

  it('is not restored beside an attempt of the same number', () => {
    const before = aView({ state: 'paying', revision: 2 }, [anAttempt({ state: 'closed' })])

    expect(restore(before)).toEqual({ ok: false, error: { reason: 'illegal_transition' } })
  })

  it('is not restored with the attempt of another number', () => {
    const attempt = anAttempt({ number: 2, outTradeNo: formatOutTradeNo(ORDERCODE, 2) })

    expect(restore(AGAIN, attempt)).toEqual({ ok: false, error: { reason: 'illegal_transition' } })
  })

  it('is not restored to an order of another amount or of another payer', () => {
    const terms = { ...AGAIN.order.terms, totalFee: toFen(101) }
    const dearer = aView({ ...AGAIN.order, terms })
    const ofOther = aView({
      ...AGAIN.order,
      terms: { ...AGAIN.order.terms, openid: OTHER_OPENID },
    })

    expect(restore(dearer)).toEqual({
      ok: false,
      error: { reason: 'amount_mismatch', expected: 101, got: 100 },
    })
    expect(restore(ofOther)).toMatchObject({ ok: false, error: { reason: 'amount_mismatch' } })
  })
})
