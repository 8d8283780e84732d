import { describe, expect, it } from 'vitest'
import { formatOutTradeNo } from '../../../src/core/ids.ts'
import type { Step } from '../../../src/core/order/change.ts'
import type { OrderEvent, OrderView, Returned } from '../../../src/core/order/order.ts'
import { transition } from '../../../src/core/order/transition.ts'
import {
  anAttempt,
  aPayment,
  at,
  aTransactionId,
  aView,
  ORDERCODE,
  PAYMENT,
} from '../../../testing/samples/order-samples.ts'

const NOW = at(90)
const TRANSACTION = '4200000540202401020123456789'
const OTHER_TRANSACTION = '4200000540202401029999999999'

const booked = (payment = aPayment(), returned: Returned = 'no'): OrderEvent => ({
  type: 'payment_booked',
  payment,
  source: 'query',
  returned,
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

const BOOKED = { ...PAYMENT, returned: false }

describe('booking a payment', () => {
  it('makes order and attempt paid, keeps the payment, and tells the shop', () => {
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

  it('on an attempt that was closed too early is booked all the same', () => {
    const before = aView({ state: 'paying' }, [
      anAttempt({ state: 'closed', closedAt: at(30) }),
      secondAttempt,
    ])
    const { after } = stepOf(before, booked())

    expect(after.order.state).toBe('paid')
    expect(after.attempts.map(({ state }) => state)).toEqual(['paid', 'open'])
  })

  it('that is booked already is nothing new, however often we hear of it', () => {
    const paid = stepOf(PAYING, booked()).after

    expect(refusal(paid, booked())).toBe('unchanged')
    expect(refusal(paid, booked(aPayment(), 'yes'))).toBe('unchanged')
  })

  it('of which the first word is a refund tells the shop not to ship', () => {
    const { after, webhooks } = stepOf(PAYING, booked(aPayment(), 'yes'))

    expect(after.order.state).toBe('paid')
    expect(webhooks.map(({ type }) => type)).toEqual(['payment.returned'])
  })

  it('in time is not returned under the policy for late ones', () => {
    const { webhooks, reviews } = stepOf(PAYING, booked(aPayment(), 'if_late'))

    expect(webhooks.map(({ type }) => type)).toEqual(['order.paid'])
    expect(reviews).toEqual([])
  })
})

describe('a late payment', () => {
  it('makes a closed order paid: money that moved beats our word that it could not', () => {
    expect(stepOf(CLOSED, booked()).after).toMatchObject({
      order: { state: 'paid', transactionId: TRANSACTION, revision: 4 },
      attempts: [{ state: 'paid' }],
      payments: [PAYMENT],
    })
  })

  it('has a person look at it, and tells the shop of both', () => {
    const { webhooks, reviews } = stepOf(CLOSED, booked())

    expect(reviews).toMatchObject([
      { kind: 'late_payment', subject: TRANSACTION, ordercode: ORDERCODE },
    ])
    expect(webhooks.map(({ type }) => type)).toEqual(['order.paid', 'review.opened'])
    expect(webhooks.map(({ revision }) => revision)).toEqual([4, 4])
  })

  it.each(['if_late', 'yes'] as const)('is never shipped when it goes back (%s)', (returned) => {
    const { webhooks } = stepOf(CLOSED, booked(aPayment(), returned))

    expect(webhooks.map(({ type }) => type)).toEqual(['payment.returned', 'review.opened'])
  })
})

describe('a second payment', () => {
  const paid = stepOf(aView({ state: 'paying' }, [anAttempt(), secondAttempt]), booked()).after
  const recorded: OrderEvent = { type: 'second_payment_recorded', payment: SECOND, source: 'query' }

  it('is not booked, and names the one that is', () => {
    expect(refusal(paid, booked(SECOND))).toEqual({
      reason: 'second_payment',
      recorded: TRANSACTION,
    })
  })

  it('is recorded beside the first, which stays the one that paid', () => {
    const { after } = stepOf(paid, recorded)

    expect(after.payments).toEqual([BOOKED, { ...SECOND, returned: false }])
    expect(after.attempts.map(({ state }) => state)).toEqual(['paid', 'paid'])
    expect(after.order).toEqual({ ...paid.order, revision: paid.order.revision + 1 })
  })

  it('has a person look at it, and is no order.paid', () => {
    const { webhooks, reviews } = stepOf(paid, recorded)

    expect(reviews).toMatchObject([
      { kind: 'second_payment', subject: OTHER_TRANSACTION, ordercode: ORDERCODE },
    ])
    expect(webhooks.map(({ type }) => type)).toEqual(['review.opened'])
  })

  it('is recorded once, however often we hear of it', () => {
    const { after } = stepOf(paid, recorded)

    expect(refusal(after, recorded)).toBe('unchanged')
    expect(refusal(after, booked(SECOND))).toBe('unchanged')
  })

  it('on the same attempt is recorded too', () => {
    const again = { ...SECOND, outTradeNo: PAYMENT.outTradeNo }

    expect(stepOf(paid, { ...recorded, payment: again }).after.payments).toEqual([
      BOOKED,
      { ...again, returned: false },
    ])
  })

  it('that does not fit its attempt is not recorded', () => {
    const foreign = { ...SECOND, openid: 'oOtherPayerOtherPayerOther00' }

    expect(refusal(paid, { ...recorded, payment: foreign })).toMatchObject({
      reason: 'foreign_payment',
    })
  })
})
