import { describe, expect, it } from 'vitest'
import { formatOutTradeNo } from '../../../src/core/ids.ts'
import { toFen } from '../../../src/core/money.ts'
import type { OrderEvent, OrderView, Returned } from '../../../src/core/order/order.ts'
import { parseOutRefundNo } from '../../../src/core/order/refund.ts'
import {
  anAttempt,
  aPayment,
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

const booked = (returned: Returned, autoRefundNotifyUrl: string | undefined): OrderEvent => ({
  type: 'payment_booked',
  payment: aPayment(),
  source: 'query',
  returned,
  autoRefundNotifyUrl,
})
const SECOND = aPayment({
  transactionId: OTHER_TRANSACTION,
  outTradeNo: formatOutTradeNo(ORDERCODE, 2),
})
const second = (
  autoRefundNotifyUrl: string | undefined,
  returned: Returned = 'no',
): OrderEvent => ({
  type: 'second_payment_recorded',
  payment: SECOND,
  source: 'notice',
  returned,
  autoRefundNotifyUrl,
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
    expect(refundsAfter(CLOSED, booked('if_late', NOTIFY_URL))).toMatchObject([
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
    const { after } = changeBy(CLOSED, booked('if_late', NOTIFY_URL))

    expect(typesOf(CLOSED, booked('if_late', NOTIFY_URL))).toEqual(['payment.returned'])
    expect(after.payments).toMatchObject([{ returned: true }])
  })

  it('is refunded once, however often it is reported', () => {
    const { after } = changeBy(CLOSED, booked('if_late', NOTIFY_URL))

    expect(outcomeOf(after, booked('if_late', NOTIFY_URL))).toBe('unchanged')
    expect(outcomeOf(after, booked('yes', NOTIFY_URL))).toBe('unchanged')
    expect(outcomeOf(after, second(NOTIFY_URL))).toEqual({ reason: 'unknown_order' })
  })

  it('is also refunded when the shop changed the price and WeChat still accepted the old one', () => {
    const terms = { ...TERMS, totalFee: toFen(200) }
    const repriced = aView({ state: 'paying', terms }, [
      anAttempt({ state: 'closed', closedAt: at(30) }),
    ])

    expect(refundsAfter(repriced, booked('if_late', NOTIFY_URL))).toMatchObject([
      { source: 'automatic', refundFee: 100, totalFee: 100 },
    ])
  })
})

describe('a first payment is not refunded automatically', () => {
  it.each([
    ['when it is in time', PAYING, 'if_late', NOTIFY_URL],
    ['when it is in time and WeChat already refunded it', PAYING, 'yes', NOTIFY_URL],
    ['when it is late and WeChat already refunded it', CLOSED, 'yes', NOTIFY_URL],
    ['when it is late and late payments are kept', CLOSED, 'no', NOTIFY_URL],
    ['when it is late and there is no certificate', CLOSED, 'if_late', undefined],
  ] as const)('%s', (_, before, returned, autoRefundNotifyUrl) => {
    expect(refundsAfter(before, booked(returned, autoRefundNotifyUrl))).toEqual([])
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
    const { after } = changeBy(twice, second(NOTIFY_URL, 'yes'))

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
    const [late] = refundsAfter(CLOSED, booked('if_late', NOTIFY_URL))
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
