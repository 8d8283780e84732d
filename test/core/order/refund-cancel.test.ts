import { describe, expect, it } from 'vitest'
import { toFen } from '../../../src/core/money.ts'
import type { OrderEvent } from '../../../src/core/order/order.ts'
import { recordEvent } from '../../../src/core/order/refund-transition.ts'
import {
  isFinal,
  isReserved,
  type Refund,
  REFUNDS_MAX,
  type RefundState,
  toOutRefundNo,
} from '../../../src/core/order/refund.ts'
import { at } from '../../../testing/samples/order-samples.ts'
import {
  aRecord,
  aRefund,
  changeBy,
  NOW,
  outcomeOf,
  paidView,
  R1,
  R2,
  story,
} from '../../../testing/samples/refund-samples.ts'

/** The end of the lease of whoever calls the refund off. */
const LEASED = at(3_660)

const cancelled = (
  proof: 'never_sent' | 'absent_at_wechat' = 'absent_at_wechat',
  until = LEASED,
): OrderEvent => ({
  type: 'refund_cancelled',
  outRefundNo: toOutRefundNo(R1),
  proof,
  lease: { until, number: 1 },
})
const requested = (changes: Partial<Refund>, dayLeft?: number): OrderEvent => ({
  type: 'refund_requested',
  refund: aRefund(changes),
  dayLeft: dayLeft === undefined ? undefined : toFen(dayLeft),
})
const CANCELLED = aRefund({ state: 'cancelled', cancelledAt: at(3_000), endedAt: at(3_000) })

describe('a refund that is called off', () => {
  it('releases its amount without a webhook or a review', () => {
    const { after, webhooks, reviews } = changeBy(paidView([aRefund()]), cancelled())
    expect(after.refunds).toEqual([aRefund({ state: 'cancelled', cancelledAt: NOW, endedAt: NOW })])
    expect(after.refunds.map(isReserved)).toEqual([false])
    expect(after.refunds.map(isFinal)).toEqual([true])
    expect(webhooks).toEqual([])
    expect(reviews).toEqual([])
    expect(
      outcomeOf(after, requested({ outRefundNo: toOutRefundNo(R2), refundFee: toFen(100) })),
    ).toBe('changed')
  })

  it('stays called off when it is called off again, or requested again', () => {
    const view = paidView([CANCELLED])
    expect(outcomeOf(view, cancelled())).toBe('unchanged')
    expect(outcomeOf(view, requested({}))).toBe('unchanged')
    expect(outcomeOf(view, requested({ refundFee: toFen(31) }))).toEqual({
      reason: 'refund_conflict',
    })
    expect(outcomeOf(view, { type: 'refund_started', outRefundNo: toOutRefundNo(R1) })).toEqual({
      reason: 'illegal_transition',
    })
  })

  const OTHER_STATES: readonly RefundState[] = [
    'processing',
    'succeeded',
    'refused',
    'abnormal',
    'closed',
  ]
  it.each(OTHER_STATES)('must be requested, not %s', (state) => {
    const endedAt = isFinal({ state }) ? NOW : undefined
    expect(outcomeOf(paidView([aRefund({ state, endedAt })]), cancelled())).toEqual({
      reason: 'illegal_transition',
    })
  })

  it('must exist', () => {
    expect(outcomeOf(paidView(), cancelled())).toEqual({ reason: 'illegal_transition' })
  })

  it('was not sent between the decision and its recording', () => {
    const illegal = { reason: 'illegal_transition' }
    const sent = paidView([aRefund({ startedAt: NOW })])
    expect(outcomeOf(sent, cancelled('never_sent'))).toEqual(illegal)
    expect(outcomeOf(sent, cancelled('absent_at_wechat'))).toBe('changed')
    expect(outcomeOf(paidView([aRefund()]), cancelled('never_sent'))).toBe('changed')
  })

  it.each(['refund_cancelled', 'refund_refused', 'refund_given_up'] as const)(
    'is not ended by %s after the lease, because another sender may have sent it',
    (type) => {
      const release = {
        outRefundNo: toOutRefundNo(R1),
        errCode: 'X',
        errCodeDes: '',
        proof: 'absent_at_wechat',
      } as const
      const view = paidView([aRefund({ startedAt: at(0) })])
      expect(outcomeOf(view, { type, ...release, lease: { until: NOW, number: 1 } })).toEqual({
        reason: 'illegal_transition',
      })
      expect(outcomeOf(view, { type, ...release, lease: { until: at(3_601), number: 1 } })).toBe(
        'changed',
      )
    },
  )

  it('does not count as one of the refunds that WeChat allows for a payment', () => {
    const many = Array.from({ length: REFUNDS_MAX }, (_, i) => ({
      ...CANCELLED,
      outRefundNo: toOutRefundNo(`C${i}`),
    }))
    expect(outcomeOf(paidView(many), requested({}))).toBe('changed')
  })

  it('gets a review with which the operator can keep the payment, if that was to go back', () => {
    const view = paidView([aRefund({ source: 'automatic' })])
    const returned = {
      ...view,
      payments: view.payments.map((each) => ({ ...each, returned: true })),
    }
    expect(changeBy(view, cancelled()).reviews).toEqual([])
    expect(changeBy(returned, cancelled()).reviews).toMatchObject([
      { kind: 'refund_failed', subject: R1, evidence: { state: 'cancelled' } },
    ])
  })
})

describe('the later word of WeChat about a refund that was called off', () => {
  const view = paidView([CANCELLED])
  const word = (status: 'processing' | 'succeeded' | 'abnormal' | 'closed') =>
    recordEvent(
      view,
      aRecord({ status, succeededAt: status === 'succeeded' ? at(3_500) : undefined }),
    )

  it.each(['processing', 'succeeded', 'abnormal', 'closed'] as const)('beats it: %s', (status) => {
    const [refund] = changeBy(view, word(status)).after.refunds
    expect(refund).toMatchObject({ state: status, refundId: aRecord().refundId })
    // A refund that WeChat closed is an ordinary closed one. Otherwise it stays visible that it was called off.
    expect(refund?.cancelledAt).toBe(status === 'closed' ? undefined : CANCELLED.cancelledAt)
  })

  it('is told to the shop like that about any refund', () => {
    expect(story(view, [word('processing'), word('succeeded')])).toMatchObject({
      webhooks: [`refund.succeeded.${R1}`],
      reviews: [],
    })
    expect(story(view, [word('closed')]).webhooks).toEqual([`refund.failed.${R1}`])
  })

  const REVIVED: readonly Refund[] = [
    CANCELLED,
    aRefund({ state: 'refused', endedAt: at(3_000), errCode: 'TRADE_OVERDUE' }),
    aRefund({ state: 'closed', endedAt: at(3_000), acceptedAt: at(2_000) }),
  ]
  it.each(REVIVED)(
    'opens a review if the payment lacks the money for what was reserved since ($state)',
    (released) => {
      const anew = (refundFee: number) =>
        paidView([
          released,
          aRefund({ outRefundNo: toOutRefundNo(R2), refundFee: toFen(refundFee) }),
        ])
      const succeeded = aRecord({ status: 'succeeded' })
      const over = changeBy(anew(71), recordEvent(anew(71), succeeded))
      expect(over.reviews).toMatchObject([
        {
          kind: 'refund_conflict',
          subject: R1,
          evidence: { reason: 'refund_exceeds_payment', refund_fee: 30 },
        },
      ])
      expect(over.after.refunds[0]).toMatchObject({ state: 'succeeded' })
      expect(changeBy(anew(70), recordEvent(anew(70), succeeded)).reviews).toEqual([])
      if (released.state === 'closed') return
      const closed = aRecord({ status: 'closed' })
      expect(changeBy(anew(71), recordEvent(anew(71), closed)).reviews).toEqual([])
    },
  )
})

describe('the limit of a day', () => {
  it('refuses a refund of more than is left, and says what is left', () => {
    expect(outcomeOf(paidView(), requested({ refundFee: toFen(30) }, 30))).toBe('changed')
    expect(outcomeOf(paidView(), requested({ refundFee: toFen(31) }, 30))).toEqual({
      reason: 'refund_limit_reached',
      left: 30,
    })
    expect(outcomeOf(paidView(), requested({ refundFee: toFen(1) }, 0))).toEqual({
      reason: 'refund_limit_reached',
      left: 0,
    })
  })

  it('says nothing about a refund that is known, or does not fit its payment', () => {
    expect(outcomeOf(paidView([aRefund()]), requested({}, 0))).toBe('unchanged')
    expect(outcomeOf(paidView(), requested({ refundFee: toFen(101) }, 0))).toEqual({
      reason: 'refund_exceeds_payment',
      left: 100,
    })
  })
})

describe('the account that pays a refund', () => {
  it('is part of the request: the same number with another account is another refund', () => {
    const view = paidView([aRefund({ account: 'available' })])
    expect(outcomeOf(view, requested({ account: 'available' }))).toBe('unchanged')
    expect(outcomeOf(view, requested({ account: 'unsettled' }))).toEqual({
      reason: 'refund_conflict',
    })
  })
})
