import { describe, expect, it } from 'vitest'
import { formatOutTradeNo } from '../../../src/core/ids.ts'
import { toFen } from '../../../src/core/money.ts'
import type { Step } from '../../../src/core/order/change.ts'
import type { OrderEvent, OrderView } from '../../../src/core/order/order.ts'
import type { RefundPolicy } from '../../../src/core/order/refund-policy.ts'
import { transition } from '../../../src/core/order/transition.ts'
import {
  aBookedPayment,
  ACCEPTING,
  anAttempt,
  aPayment,
  aRecording,
  at,
  aTransactionId,
  aView,
  ORDERCODE,
  PAYMENT,
  TERMS,
} from '../../../testing/samples/order-samples.ts'
import { aRefund } from '../../../testing/samples/refund-samples.ts'

const NOW = at(90)
const TRANSACTION = '4200000540202401020123456789'
const OTHER_TRANSACTION = '4200000540202401029999999999'

/** `LATE_PAYMENT=refund`. */
const REFUNDING: RefundPolicy = {
  kind: 'configured',
  latePayment: 'refund',
  refundNotifyUrl: 'https://pay.test/notify/refund',
}
const RETURNED: RefundPolicy = { kind: 'returned' }

const booked = (payment = aPayment(), policy: RefundPolicy = ACCEPTING): OrderEvent => ({
  type: 'payment_booked',
  ...aRecording({ payment, policy }),
})
function stepOf(before: OrderView, event: OrderEvent): Extract<Step, { kind: 'changed' }> {
  const step = transition(before, event, NOW)
  if (!step.ok) throw new Error(step.error.reason)
  if (step.value.kind === 'unchanged') throw new Error('unchanged')
  return step.value
}
const refusal = (before: OrderView, event: OrderEvent) => {
  const step = transition(before, event, NOW)
  return step.ok ? step.value.kind : step.error
}

const PAYING = aView({ state: 'paying', revision: 3 }, [anAttempt()])
const CLOSED = aView({ state: 'closed', revision: 3, closedAt: at(30) }, [
  anAttempt({ state: 'closed', closedAt: at(30) }),
])
const SECOND = aPayment({
  transactionId: aTransactionId(OTHER_TRANSACTION),
  outTradeNo: formatOutTradeNo(ORDERCODE, 2),
})
const secondAttempt = anAttempt({ number: 2, outTradeNo: SECOND.outTradeNo })

const BOOKED = aBookedPayment()

describe('recording a payment', () => {
  it('makes the order and the attempt paid, stores the payment and notifies the shop', () => {
    expect(stepOf(PAYING, booked())).toEqual({
      kind: 'changed',
      after: {
        order: {
          ...PAYING.order,
          state: 'paid',
          revision: 4,
          transactionId: TRANSACTION,
          paidAt: at(54),
        },
        attempts: [{ ...anAttempt(), state: 'paid' }],
        payments: [BOOKED],
        refunds: [],
      },
      webhooks: [{ type: 'order.paid', subject: TRANSACTION, ordercode: ORDERCODE, revision: 4 }],
      reviews: [],
    })
  })

  it('works for an attempt that was closed too early', () => {
    const before = aView({ state: 'paying' }, [
      anAttempt({ state: 'closed', closedAt: at(30) }),
      secondAttempt,
    ])
    const { after } = stepOf(before, booked())

    expect(after.order.state).toBe('paid')
    expect(after.attempts.map(({ state }) => state)).toEqual(['paid', 'open'])
  })

  it('changes nothing when it is recorded already, however often it is reported', () => {
    const paid = stepOf(PAYING, booked()).after

    expect(refusal(paid, booked())).toBe('unchanged')
    expect(refusal(paid, booked(aPayment(), RETURNED))).toBe('unchanged')
  })

  it('sends payment.returned when WeChat already refunded it, so that nothing is shipped', () => {
    const { after, webhooks } = stepOf(PAYING, booked(aPayment(), RETURNED))

    expect(after.order).toEqual({ ...PAYING.order, revision: 4 })
    expect(after.attempts).toMatchObject([{ state: 'paid' }])
    expect(after.payments).toEqual([aBookedPayment({ returned: true })])
    expect(webhooks.map(({ type }) => type)).toEqual(['payment.returned'])
  })

  it('does not return a payment in time under the policy for late payments', () => {
    const { webhooks, reviews } = stepOf(PAYING, booked(aPayment(), REFUNDING))

    expect(webhooks.map(({ type }) => type)).toEqual(['order.paid'])
    expect(reviews).toEqual([])
  })
})

describe('a late payment', () => {
  it('makes a closed order paid, since the money did move', () => {
    expect(stepOf(CLOSED, booked()).after).toMatchObject({
      order: { state: 'paid', transactionId: TRANSACTION, revision: 4 },
      attempts: [{ state: 'paid' }],
      payments: [PAYMENT],
    })
  })

  it('opens a review, and sends a webhook about the payment', () => {
    const { webhooks, reviews } = stepOf(CLOSED, booked())

    expect(reviews).toMatchObject([
      { kind: 'late_payment', subject: TRANSACTION, ordercode: ORDERCODE },
    ])
    expect(webhooks).toMatchObject([{ type: 'order.paid', revision: 4 }])
  })

  it.each([
    ['under LATE_PAYMENT=refund', REFUNDING],
    ['because WeChat refunded it already', RETURNED],
  ])('that goes back %s leaves the order closed, and nothing is shipped', (_, policy) => {
    const { after, webhooks } = stepOf(CLOSED, booked(aPayment(), policy))

    expect(after.order).toEqual({ ...CLOSED.order, revision: 4 })
    expect(after.payments).toEqual([aBookedPayment({ returned: true })])
    expect(webhooks.map(({ type }) => type)).toEqual(['payment.returned'])
  })

  it('at a price that the shop has changed since goes back, and leaves the new attempt payable', () => {
    const repriced = aView({ state: 'paying', terms: { ...TERMS, totalFee: toFen(99) } }, [
      anAttempt({ state: 'closed', closedAt: at(30) }),
      secondAttempt,
    ])
    const first = stepOf(repriced, booked(aPayment(), REFUNDING))
    const later = { ...SECOND, totalFee: toFen(99) }
    const attempt = { ...secondAttempt, terms: { ...secondAttempt.terms, totalFee: toFen(99) } }
    const payable = { ...first.after, attempts: [first.after.attempts[0] ?? attempt, attempt] }
    const second = stepOf(payable, booked(later, REFUNDING))

    expect(first.after.order.state).toBe('paying')
    expect(first.after.attempts.map(({ state }) => state)).toEqual(['paid', 'open'])
    expect(second.after.order).toMatchObject({ state: 'paid', transactionId: OTHER_TRANSACTION })
    expect(second.webhooks.map(({ type }) => type)).toEqual(['order.paid'])
    expect(second.after.refunds).toEqual(first.after.refunds)
  })
})

describe('a second payment', () => {
  const paid = stepOf(aView({ state: 'paying' }, [anAttempt(), secondAttempt]), booked()).after
  const recorded: OrderEvent & { type: 'second_payment_recorded' } = {
    type: 'second_payment_recorded',
    ...aRecording({ payment: SECOND }),
  }

  it('is refused with the number of the recorded payment', () => {
    expect(refusal(paid, booked(SECOND))).toEqual({
      reason: 'second_payment',
      recorded: TRANSACTION,
    })
  })

  it('is a conflict when it has the transaction_id of the first', () => {
    const again = { ...SECOND, transactionId: BOOKED.transactionId }
    const conflict = { reason: 'transaction_conflict', recordedFor: BOOKED.outTradeNo }

    expect(refusal(paid, booked(again))).toEqual(conflict)
    expect(refusal(paid, { ...recorded, payment: again })).toEqual(conflict)
  })

  it('is recorded beside the first, which stays the payment of the order', () => {
    const { after } = stepOf(paid, recorded)

    expect(after.payments).toEqual([BOOKED, aBookedPayment(SECOND)])
    expect(after.attempts.map(({ state }) => state)).toEqual(['paid', 'paid'])
    expect(after.order).toEqual({ ...paid.order, revision: paid.order.revision + 1 })
  })

  it('opens a review and sends no order.paid', () => {
    const { webhooks, reviews } = stepOf(paid, recorded)

    expect(reviews).toMatchObject([
      { kind: 'second_payment', subject: OTHER_TRANSACTION, ordercode: ORDERCODE },
    ])
    expect(webhooks).toEqual([])
  })

  it('is recorded once, however often it is reported', () => {
    const { after } = stepOf(paid, recorded)

    expect(refusal(after, recorded)).toBe('unchanged')
    expect(refusal(after, booked(SECOND))).toBe('unchanged')
  })

  it('is also recorded for the same attempt', () => {
    const again = { ...SECOND, outTradeNo: PAYMENT.outTradeNo }

    expect(stepOf(paid, { ...recorded, payment: again }).after.payments).toEqual([
      BOOKED,
      aBookedPayment(again),
    ])
  })

  it('is not recorded when it does not match its attempt', () => {
    const foreign = { ...SECOND, openid: 'oOtherPayerOtherPayerOther00' }

    expect(refusal(paid, { ...recorded, payment: foreign })).toMatchObject({
      reason: 'foreign_payment',
    })
  })
})

describe('a returned payment that the operator keeps', () => {
  const kept: OrderEvent = { type: 'payment_accepted', transactionId: PAYMENT.transactionId }
  const returned = stepOf(CLOSED, booked(aPayment(), RETURNED)).after

  it('makes its order paid, and the shop is told to ship', () => {
    const { after, webhooks, reviews } = stepOf(returned, kept)

    expect(after.order).toMatchObject({
      state: 'paid',
      transactionId: TRANSACTION,
      paidAt: at(54),
      revision: returned.order.revision + 1,
    })
    expect(after.payments).toEqual([BOOKED])
    expect(webhooks.map(({ type }) => type)).toEqual(['order.paid'])
    expect(reviews).toEqual([])
  })

  it('is kept once', () => {
    expect(refusal(stepOf(returned, kept).after, kept)).toBe('unchanged')
  })

  it('is a second payment without a refund when the order was paid meanwhile', () => {
    const paying = aView({ state: 'paying', revision: 3 }, [anAttempt(), secondAttempt])
    const beside = stepOf(paying, booked(aPayment(), RETURNED)).after
    const paid = stepOf(beside, booked(SECOND, REFUNDING)).after
    const { after, webhooks, reviews } = stepOf(paid, kept)

    expect(after.order.transactionId).toBe(OTHER_TRANSACTION)
    expect(after.payments.map((each) => each.returned)).toEqual([false, false])
    expect(after.refunds).toEqual([])
    expect(reviews).toMatchObject([{ kind: 'second_payment', subject: TRANSACTION }])
    expect(webhooks).toEqual([])
  })

  it.each(['requested', 'processing', 'succeeded', 'abnormal'] as const)(
    'is not kept while a refund of it is %s',
    (state) => {
      expect(refusal({ ...returned, refunds: [aRefund({ state })] }, kept)).toEqual({
        reason: 'illegal_transition',
      })
    },
  )

  it.each(['refused', 'closed'] as const)('is kept after its refund was %s', (state) => {
    const view = { ...returned, refunds: [aRefund({ state })] }
    expect(stepOf(view, kept).after.order.state).toBe('paid')
  })
})
