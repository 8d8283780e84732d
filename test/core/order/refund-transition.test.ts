import { describe, expect, it } from 'vitest'
import { toFen } from '../../../src/core/money.ts'
import type { OrderEvent } from '../../../src/core/order/order.ts'
import { findRefund, recordEvent } from '../../../src/core/order/refund-transition.ts'
import {
  type Refund,
  type RefundRecord,
  type RefundState,
  refundedFee,
  reservedFee,
  toOutRefundNo,
} from '../../../src/core/order/refund.ts'
import { anAttempt, at, aView, ORDERCODE, PAYMENT } from '../../../testing/samples/order-samples.ts'
import {
  aRecord,
  aRefund,
  changeBy,
  NOW,
  OTHER_TRANSACTION,
  outcomeOf,
  paidView,
  R1,
  R2,
  R3,
  secondPayment,
  story,
} from '../../../testing/samples/refund-samples.ts'

/** The end of the sender's lease. */
const LEASED = at(3_660)

const requested = (changes: Partial<Refund> = {}): OrderEvent => ({
  type: 'refund_requested',
  refund: aRefund(changes),
})
const started = (number = R1): OrderEvent => ({
  type: 'refund_started',
  outRefundNo: toOutRefundNo(number),
})
const refused = (number = R1): OrderEvent => ({
  type: 'refund_refused',
  outRefundNo: toOutRefundNo(number),
  errCode: 'TRADE_OVERDUE',
  errCodeDes: '订单已超过退款期限',
  lease: { until: LEASED, number: 1 },
})
/** WeChat reports this about a refund that we have. */
const reported = (changes: Partial<RefundRecord> = {}): OrderEvent => {
  const record = aRecord(changes)
  const known = paidView([aRefund({ outRefundNo: record.outRefundNo })])
  return recordEvent(known, record)
}
const accepted = reported()
const succeeded = reported({
  status: 'succeeded',
  succeededAt: at(9_000),
  receivedBy: '支付用户零钱',
})
const closed = reported({ status: 'closed' })
const abnormal = reported({ status: 'abnormal' })
const discovered = (changes: Partial<RefundRecord> = {}): OrderEvent => ({
  type: 'refund_discovered',
  record: aRecord(changes),
})

const named = (number: string, changes: Partial<Refund> = {}): Refund =>
  aRefund({ outRefundNo: toOutRefundNo(number), ...changes })
const stateOf = (view: Parameters<typeof findRefund>[0], number = R1): RefundState | undefined =>
  findRefund(view, toOutRefundNo(number))?.state

describe('requesting a refund', () => {
  it('reserves its amount and sends nothing', () => {
    const { after, webhooks, reviews } = changeBy(paidView(), requested())

    expect(after.refunds).toEqual([aRefund()])
    expect(reservedFee(after.refunds)).toBe(30)
    expect(webhooks).toEqual([])
    expect(reviews).toEqual([])
  })

  it('changes only the revision of the order', () => {
    const before = paidView()
    const { after } = changeBy(before, requested())

    expect(after).toEqual({
      ...before,
      order: { ...before.order, revision: 6 },
      refunds: [aRefund()],
    })
  })

  it('is possible up to the whole payment, in one refund or in parts, and not a fen more', () => {
    const most = paidView([named(R2, { refundFee: toFen(70) })])

    expect(outcomeOf(paidView(), requested({ refundFee: toFen(100) }))).toBe('changed')
    expect(outcomeOf(most, requested({ refundFee: toFen(30) }))).toBe('changed')
    expect(outcomeOf(most, requested({ refundFee: toFen(31) }))).toEqual({
      reason: 'refund_exceeds_payment',
      left: 30,
    })
    expect(outcomeOf(paidView(), requested({ refundFee: toFen(101) }))).toEqual({
      reason: 'refund_exceeds_payment',
      left: 100,
    })
  })

  it.each([
    ['requested', 20],
    ['processing', 20],
    ['succeeded', 20],
    ['abnormal', 20],
    ['refused', 100],
    ['closed', 100],
  ] as const)('beside a refund that is %s leaves %i fen', (state, left) => {
    const before = paidView([named(R2, { state, refundFee: toFen(80) })])

    expect(outcomeOf(before, requested({ refundFee: toFen(left) }))).toBe('changed')
    expect(outcomeOf(before, requested({ refundFee: toFen(left + 1) }))).toEqual({
      reason: 'refund_exceeds_payment',
      left,
    })
  })

  it('counts each payment of the order separately', () => {
    const whole = named(R2, { refundFee: toFen(100) })
    const both = paidView([whole], [PAYMENT, secondPayment()])

    expect(outcomeOf(both, requested({ transactionId: OTHER_TRANSACTION }))).toBe('changed')
    expect(outcomeOf(both, requested())).toMatchObject({ reason: 'refund_exceeds_payment' })
  })

  it.each(['requested', 'processing', 'succeeded', 'refused', 'abnormal', 'closed'] as const)(
    'again with the same content changes nothing, also when the refund is %s',
    (state) => {
      expect(outcomeOf(paidView([aRefund({ state, startedAt: NOW })]), requested())).toBe(
        'unchanged',
      )
    },
  )

  it.each([
    ['another amount', { refundFee: toFen(31) }],
    ['another payment', { transactionId: OTHER_TRANSACTION }],
    ['another reason', { reason: '不想要了' }],
    ['no reason', { reason: undefined }],
  ])('again with %s is a conflict', (_, changes) => {
    const before = paidView([aRefund()], [PAYMENT, secondPayment()])

    expect(outcomeOf(before, requested(changes))).toEqual({ reason: 'refund_conflict' })
  })

  it('is refused for a payment that we do not have', () => {
    const unpaid = aView({ state: 'paying' }, [anAttempt()])

    expect(outcomeOf(unpaid, requested())).toEqual({ reason: 'order_not_paid' })
    expect(outcomeOf(paidView(), requested({ transactionId: OTHER_TRANSACTION }))).toEqual({
      reason: 'order_not_paid',
    })
  })

  it('is possible fifty times per payment, and no more', () => {
    const some = (count: number) =>
      Array.from({ length: count }, (_, n) => named(`S${n}`, { refundFee: toFen(1) }))
    const one = requested({ refundFee: toFen(1) })

    expect(outcomeOf(paidView(some(49)), one)).toBe('changed')
    expect(outcomeOf(paidView(some(50)), one)).toEqual({ reason: 'too_many_refunds' })
    const others = some(50).map((each) => ({ ...each, transactionId: OTHER_TRANSACTION }))
    expect(outcomeOf(paidView(others, [PAYMENT, secondPayment()]), one)).toBe('changed')
  })

  it('does not count refused refunds among the fifty', () => {
    const none = Array.from({ length: 50 }, (_, n) => named(`S${n}`, { state: 'refused' }))

    expect(outcomeOf(paidView(none), requested())).toBe('changed')
  })
})

describe('starting a refund', () => {
  it('is possible immediately when no other refund of the payment has just started', () => {
    const { after, webhooks } = changeBy(paidView([aRefund()]), started())

    expect(after.refunds).toEqual([aRefund({ startedAt: NOW })])
    expect(webhooks).toEqual([])
  })

  it('is possible 60 seconds after the previous refund, and not sooner', () => {
    const before = paidView([aRefund(), named(R2, { state: 'processing', startedAt: at(0) })])

    expect(outcomeOf(before, started(), at(59))).toEqual({ reason: 'illegal_transition' })
    expect(outcomeOf(before, started(), at(60))).toBe('changed')
  })

  it('does not wait for a refund of another payment', () => {
    const other = named(R2, { transactionId: OTHER_TRANSACTION, startedAt: NOW })

    expect(outcomeOf(paidView([aRefund(), other], [PAYMENT, secondPayment()]), started())).toBe(
      'changed',
    )
  })

  it('happens once and keeps its time', () => {
    const { after } = changeBy(paidView([aRefund()]), started())

    expect(outcomeOf(after, started(), at(99_999))).toBe('unchanged')
  })

  it('is refused for a refund that WeChat accepted, that is over, or that does not exist', () => {
    for (const state of ['processing', 'succeeded', 'refused', 'abnormal', 'closed'] as const) {
      expect(outcomeOf(paidView([aRefund({ state })]), started())).toEqual({
        reason: 'illegal_transition',
      })
    }
    expect(outcomeOf(paidView(), started())).toEqual({ reason: 'illegal_transition' })
  })
})

describe('a report of WeChat about a refund', () => {
  const sent = paidView([aRefund({ startedAt: NOW, errCode: 'NOTENOUGH', errCodeDes: '余额不足' })])

  it('becomes the event of its status, or a discovery when its number is new', () => {
    const types = (['processing', 'succeeded', 'closed', 'abnormal'] as const).map(
      (status) => recordEvent(sent, aRecord({ status })).type,
    )

    expect(types).toEqual([
      'refund_accepted',
      'refund_succeeded',
      'refund_closed',
      'refund_abnormal',
    ])
    expect(recordEvent(paidView(), aRecord()).type).toBe('refund_discovered')
  })

  it('that it is accepted sends no webhook: accepted is not refunded', () => {
    const { after, webhooks } = changeBy(sent, accepted, at(3_700))

    expect(after.refunds).toEqual([
      aRefund({
        state: 'processing',
        startedAt: NOW,
        acceptedAt: at(3_700),
        refundId: '50000405502024010200000000001',
      }),
    ])
    expect(webhooks).toEqual([])
  })

  it('that it succeeded ends it at the time of WeChat and notifies the shop', () => {
    const { after, webhooks, reviews } = changeBy(sent, succeeded)

    expect(after.refunds).toMatchObject([
      { state: 'succeeded', endedAt: at(9_000), receivedBy: '支付用户零钱', errCode: undefined },
    ])
    expect(webhooks).toEqual([
      { type: 'refund.succeeded', subject: R1, ordercode: ORDERCODE, revision: 6 },
    ])
    expect(reviews).toEqual([])
  })

  it('that it succeeded at an unknown time ends it now', () => {
    const { after } = changeBy(sent, reported({ status: 'succeeded' }))

    expect(after.refunds).toMatchObject([{ state: 'succeeded', endedAt: NOW }])
  })

  it('that it is closed releases its amount and notifies the shop', () => {
    const { after, webhooks } = changeBy(changeBy(sent, accepted).after, closed)

    expect(after.refunds).toMatchObject([{ state: 'closed', endedAt: NOW }])
    expect(reservedFee(after.refunds)).toBe(0)
    expect(webhooks).toMatchObject([{ type: 'refund.failed', subject: R1 }])
  })

  it('that it is abnormal opens a review, and its amount stays reserved', () => {
    const { after, reviews } = changeBy(sent, abnormal)

    expect(after.refunds).toMatchObject([{ state: 'abnormal', endedAt: undefined }])
    expect(reservedFee(after.refunds)).toBe(30)
    expect(reviews).toMatchObject([
      { kind: 'refund_abnormal', subject: R1, ordercode: ORDERCODE, evidence: { refund_fee: 30 } },
    ])
  })

  it('does not move the time of its acceptance, from which its queries are scheduled', () => {
    const taken = changeBy(sent, accepted, at(3_700)).after

    expect(changeBy(taken, abnormal, at(90_000)).after.refunds).toMatchObject([
      { acceptedAt: at(3_700), startedAt: NOW },
    ])
  })

  it('shows that it was sent, even when its start was not recorded', () => {
    const { after } = changeBy(paidView([aRefund()]), accepted)
    const next = { ...after, refunds: [...after.refunds, named(R2)] }

    expect(outcomeOf(next, started(R2), at(3_659))).toEqual({ reason: 'illegal_transition' })
    expect(outcomeOf(next, started(R2), at(3_660))).toBe('changed')
  })

  it('that it is abnormal opens one review, however often it is repeated', () => {
    const { after } = changeBy(sent, abnormal)

    expect(outcomeOf(after, abnormal)).toBe('unchanged')
    expect(outcomeOf(after, accepted)).toBe('unchanged')
  })

  it.each([
    ['succeeded', succeeded, 'refund.succeeded'],
    ['closed', closed, 'refund.failed'],
  ])('that it is abnormal and then %s ends it', (state, end, webhook) => {
    const { view, webhooks, reviews } = story(sent, [accepted, abnormal, end])

    expect(stateOf(view)).toBe(state)
    expect(reviews).toEqual([`refund_abnormal.${R1}`])
    expect(webhooks).toEqual([`${webhook}.${R1}`])
  })

  it('that it is finally refused releases its amount and notifies the shop', () => {
    const { after, webhooks, reviews } = changeBy(sent, refused())

    expect(after.refunds).toMatchObject([
      { state: 'refused', endedAt: NOW, errCode: 'TRADE_OVERDUE' },
    ])
    expect(reservedFee(after.refunds)).toBe(0)
    expect(webhooks).toMatchObject([{ type: 'refund.failed', subject: R1 }])
    expect(reviews).toEqual([])
    expect(outcomeOf(after, refused())).toBe('unchanged')
  })

  it('that it is refused is rejected when WeChat accepted it before', () => {
    for (const state of ['processing', 'succeeded', 'abnormal', 'closed'] as const) {
      expect(outcomeOf(paidView([aRefund({ state })]), refused())).toEqual({
        reason: 'illegal_transition',
      })
    }
  })

  it('changes neither the order nor other refunds', () => {
    const other = named(R2, { state: 'processing', startedAt: at(0) })
    const before = paidView([other, aRefund({ startedAt: NOW })])
    for (const event of [accepted, succeeded, closed, abnormal, refused()]) {
      const { after } = changeBy(before, event)

      expect(after.order).toEqual({ ...before.order, revision: 6 })
      expect(after.payments).toEqual(before.payments)
      expect(after.attempts).toEqual(before.attempts)
      expect(after.refunds[0]).toEqual(other)
      expect(after.refunds.length).toBe(2)
    }
  })

  it('with another amount or payment is a conflict', () => {
    const both = paidView([aRefund({ startedAt: NOW })], [PAYMENT, secondPayment()])

    for (const status of ['processing', 'succeeded', 'closed', 'abnormal'] as const) {
      expect(outcomeOf(both, reported({ status, refundFee: toFen(29) }))).toEqual({
        reason: 'refund_conflict',
      })
      expect(outcomeOf(both, reported({ status, transactionId: OTHER_TRANSACTION }))).toEqual({
        reason: 'refund_conflict',
      })
    }
  })

  it('is rejected when its number is unknown', () => {
    for (const event of [accepted, succeeded, closed, abnormal, refused()]) {
      expect(outcomeOf(paidView(), event)).toEqual({ reason: 'illegal_transition' })
    }
  })
})

describe('contradictory reports of WeChat', () => {
  const sent = paidView([aRefund({ startedAt: NOW })])

  it.each([
    ['refused', [refused(), succeeded]],
    ['closed', [accepted, closed, succeeded]],
  ])('(%s, then succeeded) end as succeeded', (_, events) => {
    const { view, webhooks } = story(sent, events)

    expect(stateOf(view)).toBe('succeeded')
    expect(reservedFee(view.refunds)).toBe(30)
    expect(webhooks).toEqual([`refund.failed.${R1}`, `refund.succeeded.${R1}`])
  })

  it('(refused, then accepted) reserve the amount again', () => {
    const { view } = story(sent, [refused(), accepted])

    expect(view.refunds).toMatchObject([
      { state: 'processing', endedAt: undefined, errCode: undefined },
    ])
    expect(reservedFee(view.refunds)).toBe(30)
  })

  it('(refused, then abnormal) open a review', () => {
    expect(story(sent, [refused(), abnormal]).reviews).toEqual([`refund_abnormal.${R1}`])
  })

  it.each([
    ['closed', [refused(), closed]],
    ['accepted, then closed', [refused(), accepted, closed]],
    ['abnormal, then closed', [refused(), abnormal, closed]],
  ])('(refused, then %s) notify the shop of one failure, under one id', (_, events) => {
    const { view, webhooks } = story(sent, events)

    expect(stateOf(view)).toBe('closed')
    // The store sends one webhook for a fact, however often the fact is recorded.
    expect(new Set(webhooks)).toEqual(new Set([`refund.failed.${R1}`]))
  })

  it('change nothing when an older one comes last', () => {
    const done = story(sent, [accepted, succeeded]).view
    for (const event of [accepted, succeeded, closed, abnormal]) {
      expect(outcomeOf(done, event)).toBe('unchanged')
    }
    const over = story(sent, [accepted, closed]).view
    for (const event of [accepted, closed, abnormal]) {
      expect(outcomeOf(over, event)).toBe('unchanged')
    }
  })
})

describe('a refund that was made on the merchant platform', () => {
  it('is recorded with the merchant platform as its source', () => {
    const { after, webhooks } = changeBy(paidView(), discovered())

    expect(after.refunds).toMatchObject([
      {
        outRefundNo: R1,
        transactionId: PAYMENT.transactionId,
        state: 'processing',
        refundFee: 30,
        totalFee: 100,
        source: 'merchant_platform',
        endedAt: undefined,
      },
    ])
    expect(reservedFee(after.refunds)).toBe(30)
    expect(webhooks).toEqual([])
  })

  it.each([
    ['succeeded', [`refund.succeeded.${R1}`], []],
    ['closed', [`refund.failed.${R1}`], []],
    ['abnormal', [], [`refund_abnormal.${R1}`]],
  ] as const)('notifies the shop when it is %s at its discovery', (status, ...told) => {
    const { view, webhooks, reviews } = story(paidView(), [discovered({ status })])

    expect(stateOf(view)).toBe(status)
    expect([webhooks, reviews]).toEqual(told)
  })

  it('is discovered once, and is then like any other refund', () => {
    const { after } = changeBy(paidView(), discovered())

    expect(outcomeOf(after, discovered())).toBe('unchanged')
    expect(stateOf(changeBy(after, discovered({ status: 'succeeded' })).after)).toBe('succeeded')
    expect(outcomeOf(after, discovered({ refundFee: toFen(31) }))).toEqual({
      reason: 'refund_conflict',
    })
  })

  it('is not recorded for a payment that we do not have', () => {
    expect(outcomeOf(paidView(), discovered({ transactionId: OTHER_TRANSACTION }))).toEqual({
      reason: 'order_not_paid',
    })
  })

  it('never raises the sum of the refunds that succeeded above what was paid', () => {
    const before = paidView([named(R2, { state: 'succeeded', refundFee: toFen(80) })])

    expect(outcomeOf(before, discovered({ refundFee: toFen(20) }))).toBe('changed')
    expect(outcomeOf(before, discovered({ refundFee: toFen(21) }))).toEqual({
      reason: 'refund_exceeds_payment',
      left: 20,
    })
    expect(outcomeOf(before, discovered({ refundFee: toFen(21), status: 'closed' }))).toBe(
      'changed',
    )
  })

  it('is not recorded when it is closed and of more than the payment, which no refund can be', () => {
    const closed = (fen: number) => discovered({ refundFee: toFen(fen), status: 'closed' })

    expect(outcomeOf(paidView(), closed(100))).toBe('changed')
    expect(outcomeOf(paidView(), closed(101))).toEqual({
      reason: 'refund_exceeds_payment',
      left: 100,
    })
  })

  it('takes precedence over a refund of ours that only waits, since WeChat accepts one of them', () => {
    const before = paidView([named(R2, { refundFee: toFen(90) })])

    expect(outcomeOf(before, discovered({ refundFee: toFen(100) }))).toBe('changed')
  })

  it.each(['processing', 'abnormal'] as const)(
    'is recorded beside a refund of ours that is %s, because WeChat may have closed ours meanwhile',
    (state) => {
      const before = paidView([named(R2, { state, startedAt: NOW, refundFee: toFen(1) })])
      const whole = discovered({ refundFee: toFen(100), status: 'succeeded' })

      const { after, reviews } = changeBy(before, whole)
      const record = { outRefundNo: toOutRefundNo(R2), refundFee: toFen(1) } as const
      const ended = (status: RefundRecord['status']) =>
        changeBy(after, recordEvent(after, aRecord({ ...record, status })))

      expect(reviews).toEqual([])
      expect(refundedFee(ended('closed').after.refunds)).toBe(100)
      expect(ended('closed').reviews).toEqual([])
      expect(ended('succeeded').reviews).toMatchObject([
        { kind: 'refund_conflict', evidence: { reason: 'refund_exceeds_payment', refund_fee: 1 } },
      ])
    },
  )

  it.each([
    [10, 'processing', []],
    [11, 'processing', [`refund_conflict.${R2}`]],
    [11, 'succeeded', [`refund_conflict.${R2}`]],
    [11, 'closed', []],
  ] as const)(
    'of %i fen: if WeChat reports a refund of 90 of 100 that waited as %s, too, the reviews are %j',
    (refundFee, status, expected) => {
      const waiting = paidView([named(R2, { refundFee: toFen(90) })])
      const both = changeBy(waiting, discovered({ refundFee: toFen(refundFee) })).after
      const record = aRecord({ outRefundNo: toOutRefundNo(R2), refundFee: toFen(90), status })

      const { reviews } = changeBy(both, recordEvent(both, record))

      expect(reviews.map(({ kind, subject }) => `${kind}.${subject}`)).toEqual(expected)
    },
  )

  it('leaves less for later refunds', () => {
    const { after } = changeBy(paidView(), discovered({ refundFee: toFen(95) }))
    const next = { type: 'refund_requested', refund: named(R3, { refundFee: toFen(6) }) } as const

    expect(outcomeOf(after, next)).toEqual({ reason: 'refund_exceeds_payment', left: 5 })
  })
})
