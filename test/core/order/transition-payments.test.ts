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
    expect(refusal(paid, booked(aPayment(), 'yes'))).toBe('unchanged')
  })

  it('sends payment.returned when WeChat already refunded it, so that nothing is shipped', () => {
    const { after, webhooks } = stepOf(PAYING, booked(aPayment(), 'yes'))

    expect(after.order.state).toBe('paid')
    expect(webhooks.map(({ type }) => type)).toEqual(['payment.returned'])
  })

  it('does not return a payment in time under the policy for late payments', () => {
    const { webhooks, reviews } = stepOf(PAYING, booked(aPayment(), 'if_late'))

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

  it.each(['if_late', 'yes'] as const)(
    'sends payment.returned instead of order.paid when it is returned (%s)',
    (returned) => {
      const { webhooks } = stepOf(CLOSED, booked(aPayment(), returned))

      expect(webhooks.map(({ type }) => type)).toEqual(['payment.returned'])
    },
  )
})

describe('a second payment', () => {
  const paid = stepOf(aView({ state: 'paying' }, [anAttempt(), secondAttempt]), booked()).after
  const recorded: OrderEvent = { type: 'second_payment_recorded', payment: SECOND, source: 'query' }

  it('is refused with the number of the recorded payment', () => {
    expect(refusal(paid, booked(SECOND))).toEqual({
      reason: 'second_payment',
      recorded: TRANSACTION,
    })
  })

  it('is recorded beside the first, which stays the payment of the order', () => {
    const { after } = stepOf(paid, recorded)

    expect(after.payments).toEqual([BOOKED, { ...SECOND, returned: false }])
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
      { ...again, returned: false },
    ])
  })

  it('is not recorded when it does not match its attempt', () => {
    const foreign = { ...SECOND, openid: 'oOtherPayerOtherPayerOther00' }

    expect(refusal(paid, { ...recorded, payment: foreign })).toMatchObject({
      reason: 'foreign_payment',
    })
  })
})
