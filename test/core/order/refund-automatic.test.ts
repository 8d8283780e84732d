import { describe, expect, it } from 'vitest'
import { formatOutTradeNo } from '../../../src/core/ids.ts'
import { toFen } from '../../../src/core/money.ts'
import type { OrderEvent, OrderView } from '../../../src/core/order/order.ts'
import type { RefundPolicy } from '../../../src/core/order/refund-policy.ts'
import { parseOutRefundNo } from '../../../src/core/order/refund.ts'
import {
  anAttempt,
  aPayment,
  aRecording,
  at,
  aView,
  ORDERCODE,
  PAYMENT,
  TERMS,
} from '../../../testing/samples/order-samples.ts'
import {
  changeBy,
  NOW,
  OTHER_TRANSACTION,
  outcomeOf,
  paidView,
} from '../../../testing/samples/refund-samples.ts'

const NOTIFY_URL = 'https://pay.test/notify/refund'

const CLOSED = aView({ state: 'closed', revision: 3, closedAt: at(30) }, [
  anAttempt({ state: 'closed', closedAt: at(30) }),
])
const PAYING = aView({ state: 'paying', revision: 3 }, [anAttempt()])

const configured = (
  latePayment: 'accept' | 'refund',
  refundNotifyUrl: string | undefined = NOTIFY_URL,
): RefundPolicy => ({ kind: 'configured', latePayment, refundNotifyUrl })
const RETURNED: RefundPolicy = { kind: 'returned' }

const booked = (policy: RefundPolicy): OrderEvent => ({
  type: 'payment_booked',
  ...aRecording({ policy }),
})
const LATE = booked(configured('refund'))
const SECOND = aPayment({
  transactionId: OTHER_TRANSACTION,
  outTradeNo: formatOutTradeNo(ORDERCODE, 2),
})
const second = (
  refundNotifyUrl: string | undefined,
  policy: RefundPolicy = { kind: 'configured', latePayment: 'accept', refundNotifyUrl },
): OrderEvent => ({
  type: 'second_payment_recorded',
  ...aRecording({ payment: SECOND, source: 'notice', policy }),
})
const twice: OrderView = {
  ...paidView(),
  attempts: [
    anAttempt({ state: 'paid' }),
    anAttempt({ number: 2, outTradeNo: formatOutTradeNo(ORDERCODE, 2) }),
  ],
}
const refundsAfter = (before: OrderView, event: OrderEvent) => changeBy(before, event).after.refunds
const typesOf = (before: OrderView, event: OrderEvent) =>
  changeBy(before, event).webhooks.map(({ type }) => type)

describe('a late payment, where late payments are returned,', () => {
  it('is refunded in full, under a number derived from the payment', () => {
    expect(refundsAfter(CLOSED, LATE)).toMatchObject([
      {
        outRefundNo: `auto*${PAYMENT.transactionId}`,
        transactionId: PAYMENT.transactionId,
        state: 'requested',
        refundFee: 100,
        totalFee: 100,
        notifyUrl: NOTIFY_URL,
        source: 'automatic',
        requestedAt: NOW,
        startedAt: undefined,
        endedAt: undefined,
      },
    ])
  })

  it('sends payment.returned to the shop, so that nothing is shipped', () => {
    const { after } = changeBy(CLOSED, LATE)

    expect(typesOf(CLOSED, LATE)).toEqual(['payment.returned'])
    expect(after.payments).toMatchObject([{ returned: true }])
  })

  it('is refunded once, however often it is reported', () => {
    const { after } = changeBy(CLOSED, LATE)

    expect(outcomeOf(after, LATE)).toBe('unchanged')
    expect(outcomeOf(after, booked(RETURNED))).toBe('unchanged')
    expect(outcomeOf(after, second(NOTIFY_URL))).toEqual({ reason: 'illegal_transition' })
  })

  it('is also refunded when the shop changed the price and WeChat still accepted the old one', () => {
    const terms = { ...TERMS, totalFee: toFen(200) }
    const repriced = aView({ state: 'paying', terms }, [
      anAttempt({ state: 'closed', closedAt: at(30) }),
    ])

    expect(refundsAfter(repriced, LATE)).toMatchObject([
      { source: 'automatic', refundFee: 100, totalFee: 100 },
    ])
  })
})

describe('a first payment is not refunded automatically', () => {
  it.each([
    ['when it is in time', PAYING, configured('refund')],
    ['when it is in time and WeChat already refunded it', PAYING, RETURNED],
    ['when it is late and WeChat already refunded it', CLOSED, RETURNED],
    ['when it is late and late payments are kept', CLOSED, configured('accept')],
    [
      'when it is late and a part was refunded by hand',
      CLOSED,
      { kind: 'configured', latePayment: 'refund', refundNotifyUrl: undefined },
    ],
  ] as const)('%s', (_, before, policy) => {
    expect(refundsAfter(before, booked(policy))).toEqual([])
  })
})

describe('a second payment', () => {
  it('is refunded automatically and in full', () => {
    expect(refundsAfter(twice, second(NOTIFY_URL))).toMatchObject([
      {
        outRefundNo: `auto*${OTHER_TRANSACTION}`,
        transactionId: OTHER_TRANSACTION,
        state: 'requested',
        refundFee: 100,
        notifyUrl: NOTIFY_URL,
        source: 'automatic',
      },
    ])
    expect(typesOf(twice, second(NOTIFY_URL))).toEqual([])
  })

  it('is left to a person when there is no certificate', () => {
    expect(refundsAfter(twice, second(undefined))).toEqual([])
  })

  it('is not refunded when WeChat already refunded it', () => {
    const { after } = changeBy(twice, second(NOTIFY_URL, RETURNED))

    expect(after.refunds).toEqual([])
    expect(after.payments).toMatchObject([{}, { returned: true }])
  })

  it('is refunded once, however often it is reported', () => {
    const { after } = changeBy(twice, second(NOTIFY_URL))

    expect(outcomeOf(after, second(NOTIFY_URL))).toBe('unchanged')
  })

  it('leaves the first payment and its refunds alone', () => {
    const { after } = changeBy(twice, second(NOTIFY_URL))

    expect(after.refunds.filter((each) => each.transactionId === PAYMENT.transactionId)).toEqual([])
    expect(after.order.transactionId).toBe(PAYMENT.transactionId)
  })
})

describe('an automatic refund', () => {
  it('has a number and a reason (at most 80 bytes) that WeChat accepts', () => {
    const [late] = refundsAfter(CLOSED, LATE)
    const [again] = refundsAfter(twice, second(NOTIFY_URL))

    for (const refund of [late, again]) {
      expect(parseOutRefundNo(refund?.outRefundNo ?? '')).toBeDefined()
      const bytes = Buffer.byteLength(refund?.reason ?? '', 'utf8')
      expect(bytes).toBeGreaterThan(0)
      expect(bytes).toBeLessThanOrEqual(80)
    }
    expect(late?.reason).not.toBe(again?.reason)
  })
})
