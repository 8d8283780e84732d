import { describe, expect, it } from 'vitest'
import { toFen } from '../../../src/core/money.ts'
import { mayBeUnderWay } from '../../../src/core/order/refund-schedule.ts'
import {
  actorOfSource,
  automaticRefund,
  countsAtWeChat,
  knownFrom,
  leftOf,
  refundingFee,
  type RefundState,
  requestedRefund,
  sameRequest,
  supersedes,
  toOutRefundNo,
  withRefund,
} from '../../../src/core/order/refund.ts'
import { at, PAYMENT } from '../../../testing/samples/order-samples.ts'
import {
  aRecord,
  aRefund,
  NOW,
  OTHER_TRANSACTION,
  R1,
  R2,
  REFUND_STATES,
} from '../../../testing/samples/refund-samples.ts'

describe('a refund in its first state', () => {
  it('takes the ids and the amount of its payment, and was not sent', () => {
    const { refundFee, reason, notifyUrl, account } = aRefund()
    const request = { outRefundNo: toOutRefundNo(R1), refundFee, reason, notifyUrl, account }

    expect(requestedRefund(PAYMENT, { ...request, source: 'shop' }, NOW)).toEqual(
      aRefund({ actor: undefined }),
    )
  })

  it('of the Worker is of all the payment, from the account of unsettled payments', () => {
    const given = { notifyUrl: 'https://pay.test/notify/refund', reason: '重复支付' }

    expect(automaticRefund(PAYMENT, given, NOW)).toEqual(
      aRefund({
        ...given,
        outRefundNo: toOutRefundNo('auto*4200000540202401020123456789'),
        refundFee: PAYMENT.totalFee,
        source: 'automatic',
        actor: 'system',
      }),
    )
  })

  it.each([
    ['automatic', 'system'],
    ['merchant_platform', 'wechat'],
    ['shop', undefined],
    ['operator', undefined],
  ] as const)('that is %s is requested by %s', (source, actor) => {
    expect(actorOfSource(source)).toBe(actor)
  })
})

describe('a repeated request', () => {
  it('is the same refund when payment, amount, reason and account are the same', () => {
    expect(sameRequest(aRefund(), aRefund())).toBe(true)
  })

  it.each([
    ['payment', { transactionId: OTHER_TRANSACTION }],
    ['amount', { refundFee: toFen(31) }],
    ['reason', { reason: 'x' }],
    ['account', { account: 'available' }],
  ] as const)('with another %s is another refund', (_, changes) => {
    expect(sameRequest(aRefund(), aRefund(changes))).toBe(false)
  })

  it('needs not repeat reason and account, which are unknown of a refund that was found at WeChat', () => {
    const found = aRefund({ source: 'merchant_platform', reason: undefined, account: undefined })

    expect(sameRequest(found, aRefund())).toBe(true)
    expect(sameRequest(found, aRefund({ refundFee: toFen(31) }))).toBe(false)
    expect(sameRequest(found, aRefund({ transactionId: OTHER_TRANSACTION }))).toBe(false)
  })
})

describe('the refunds of a payment', () => {
  const refunds = [
    aRefund({ state: 'succeeded', refundFee: toFen(10) }),
    aRefund({ state: 'requested', refundFee: toFen(20) }),
    aRefund({ state: 'abnormal', refundFee: toFen(5) }),
    aRefund({ state: 'refused', refundFee: toFen(40) }),
    aRefund({ state: 'cancelled', refundFee: toFen(50) }),
  ]

  it('leave what is neither returned nor reserved', () => {
    expect(leftOf(PAYMENT, refunds)).toBe(65)
    expect(refundingFee(refunds)).toBe(25)
  })

  it('leave nothing, and never a negative amount, when they exceed the payment', () => {
    expect(leftOf(PAYMENT, [aRefund({ refundFee: toFen(101) })])).toBe(0)
  })

  it('count at WeChat unless WeChat refused them or never had them', () => {
    expect(refunds.map(countsAtWeChat)).toEqual([true, true, true, false, false])
  })

  it('keep their order when one of them changes', () => {
    const second = aRefund({ outRefundNo: toOutRefundNo(R2) })
    const after = { ...second, state: 'processing' } as const

    expect(withRefund([aRefund(), second], after)).toEqual([aRefund(), after])
  })
})

/** The states that WeChat can report, and the known states that each replaces. */
const REPLACES: Readonly<Record<string, readonly RefundState[]>> = {
  processing: ['requested', 'refused', 'cancelled'],
  succeeded: ['requested', 'processing', 'refused', 'abnormal', 'closed', 'cancelled'],
  abnormal: ['requested', 'processing', 'refused', 'cancelled'],
  closed: ['requested', 'processing', 'refused', 'abnormal', 'cancelled'],
}

describe('a report of WeChat', () => {
  it.each(Object.entries(REPLACES))('"%s" is newer than %j alone', (reported, older) => {
    expect(REFUND_STATES.filter((known) => supersedes(known, reported as RefundState))).toEqual(
      older,
    )
  })

  it('says when a refund ended, and clears the refusals before', () => {
    const record = aRecord({ status: 'succeeded', succeededAt: at(9), receivedBy: '招商银行0403' })

    expect(knownFrom(record, NOW)).toEqual({
      state: 'succeeded',
      refundId: record.refundId,
      receivedBy: '招商银行0403',
      endedAt: at(9),
      errCode: undefined,
      errCodeDes: undefined,
    })
    expect(knownFrom(aRecord({ status: 'closed' }), NOW).endedAt).toBe(NOW)
    expect(knownFrom(aRecord({ status: 'processing' }), NOW).endedAt).toBeUndefined()
    expect(knownFrom(aRecord({ status: 'abnormal' }), NOW).endedAt).toBeUndefined()
  })
})

describe('a refund call without an answer', () => {
  it('may be on its way for a minute', () => {
    expect(mayBeUnderWay(at(0), at(59))).toBe(true)
    expect(mayBeUnderWay(at(0), at(60))).toBe(false)
    expect(mayBeUnderWay(undefined, at(0))).toBe(false)
  })
})
