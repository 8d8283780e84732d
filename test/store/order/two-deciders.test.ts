/**
 * Two deciders: the store's fast paths decide in SQL what `transition` decides in TypeScript. Every generated
 * case is put into a real database as it stands, and both are asked.
 */
import { describe, expect, it } from 'vitest'
import { toFen } from '../../../src/core/money.ts'
import type { AttemptState } from '../../../src/core/order/attempt.ts'
import type { OrderEvent, OrderState, OrderView, Returned } from '../../../src/core/order/order.ts'
import { CLOCK_SKEW_S, isUsual } from '../../../src/core/order/payment-check.ts'
import { nextStartAt } from '../../../src/core/order/refund-schedule.ts'
import {
  type Refund,
  REFUNDS_MAX,
  type RefundState,
  toOutRefundNo,
} from '../../../src/core/order/refund.ts'
import { transition } from '../../../src/core/order/transition.ts'
import { type Case, combinations } from '../../../testing/combinations.ts'
import { putViews } from '../../../testing/d1/put-view.ts'
import { storeBench } from '../../../testing/d1/store-bench.ts'
import {
  anAttempt,
  anOrder,
  aPayment,
  at,
  aTransactionId,
  OPENID,
  OTHER_OPENID,
  PAYMENT,
  T0,
} from '../../../testing/samples/order-samples.ts'
import { aRefund, R1, R2 } from '../../../testing/samples/refund-samples.ts'
import { seeded } from '../../../testing/wire/seeded.ts'

const SEED = 20_261_128
const RANDOM_CASES = 150
const NOW = at(600)
const OTHER_ID = aTransactionId('4200000540202401020000000002')

const PAYMENT_FACTS = {
  orderState: ['paying', 'created', 'closed', 'paid'] as readonly OrderState[],
  attemptState: ['open', 'closing', 'closed', 'paid'] as readonly AttemptState[],
  paidFee: [100, 99, 101],
  payer: [OPENID, OTHER_OPENID],
  feeType: ['CNY', 'USD'],
  tradeType: ['JSAPI', 'NATIVE'],
  source: ['notice', 'query', 'operator'] as const,
  /** Seconds after the attempt began. */
  paidAfter: [54, -CLOCK_SKEW_S, -CLOCK_SKEW_S - 1],
  /** The shop may have changed both since the attempt was opened. */
  orderFee: [100, 90],
  orderOpenid: [undefined, OPENID, OTHER_OPENID],
  isRecorded: [false, true],
  hasOtherOpenAttempt: [false, true],
  attemptExists: [true, false],
  returned: ['no', 'if_late', 'yes'] as readonly Returned[],
}
type PaymentCase = Case<typeof PAYMENT_FACTS>

/** The order, as far as it can be so: undefined for facts that contradict each other. */
function viewOf(facts: PaymentCase): OrderView | undefined {
  const { orderState, attemptState, isRecorded } = facts
  const isPaid = orderState === 'paid'
  // A recorded payment has made its order paid, and its attempt.
  if (isRecorded && (!isPaid || attemptState !== 'paid' || !facts.attemptExists)) return undefined
  if (attemptState === 'paid' && !isRecorded) return undefined
  if (orderState === 'created' && facts.attemptExists) return undefined
  // The schema allows one live attempt.
  const isLive = attemptState === 'open' || attemptState === 'closing'
  if (facts.hasOtherOpenAttempt && facts.attemptExists && isLive) return undefined
  if (facts.hasOtherOpenAttempt && orderState === 'created') return undefined
  const attempt = anAttempt({
    state: attemptState,
    closedAt: attemptState === 'closed' ? at(100) : undefined,
  })
  const other = anAttempt({
    number: 2,
    outTradeNo: `${attempt.outTradeNo}*2` as typeof attempt.outTradeNo,
    state: isPaid && !isRecorded ? 'paid' : 'open',
  })
  const recorded = isRecorded
    ? aPayment()
    : aPayment({ transactionId: OTHER_ID, outTradeNo: other.outTradeNo })
  const hasOther = facts.hasOtherOpenAttempt || (isPaid && !isRecorded)
  return {
    order: anOrder({
      state: orderState,
      revision: 5,
      terms: { ...anOrder().terms, totalFee: toFen(facts.orderFee), openid: facts.orderOpenid },
      ...(isPaid ? { transactionId: recorded.transactionId, paidAt: recorded.paidAt } : {}),
      ...(orderState === 'closed' ? { closedAt: at(120) } : {}),
    }),
    attempts: [...(facts.attemptExists ? [attempt] : []), ...(hasOther ? [other] : [])],
    payments: isPaid ? [{ ...recorded, returned: false }] : [],
    refunds: [],
  }
}

const paymentCases = combinations(PAYMENT_FACTS, RANDOM_CASES, seeded(SEED).below).flatMap(
  (facts) => {
    const view = viewOf(facts)
    return view === undefined ? [] : [{ facts, view }]
  },
)

describe(`a payment, decided twice (seed ${SEED})`, () => {
  it('is recorded by SQL exactly where the transition records it without a review, with the same rows', async () => {
    const { store, rows } = storeBench()
    const wrong: unknown[] = []
    let recordedCount = 0

    for (const { facts, view } of paymentCases) {
      const payment = aPayment({
        totalFee: toFen(facts.paidFee),
        openid: facts.payer,
        feeType: facts.feeType,
        tradeType: facts.tradeType,
        paidAt: at(facts.paidAfter),
      })
      const { source, returned } = facts
      const event: OrderEvent = { type: 'payment_booked', payment, source, returned }
      const step = transition(view, event, NOW)
      const change = step.ok && step.value.kind === 'changed' ? step.value : undefined
      const expected = change !== undefined && change.reviews.length === 0 && source !== 'operator'

      await putViews(view)
      const outcome = isUsual(payment, source)
        ? await store.orders.recordPayment(payment, source, returned, NOW)
        : { recorded: false, view }
      if (outcome.recorded !== expected) wrong.push({ facts, sql: outcome.recorded, expected })
      if (change === undefined || !outcome.recorded) continue

      recordedCount++
      const bySql = await rows()
      await putViews(view)
      expect(await store.orders.commit(view, event, change, NOW)).not.toBe('stale')
      expect(bySql, JSON.stringify(facts)).toEqual(await rows())
      expect(outcome.view).toEqual(change.after)
    }

    expect(wrong).toEqual([])
    expect(paymentCases.length).toBeGreaterThan(150)
    expect(recordedCount).toBeGreaterThan(20)
  })

  it('of a transaction that another order has is recorded by neither', async () => {
    const { store } = storeBench()
    const facts = paymentCases[0]?.facts
    const view = facts === undefined ? undefined : viewOf(facts)
    if (view === undefined) throw new Error('the base case is possible')
    const elsewhere: OrderView = {
      order: anOrder({
        ordercode: 'another-order',
        state: 'paid',
        transactionId: PAYMENT.transactionId,
        paidAt: PAYMENT.paidAt,
      }),
      attempts: [
        anAttempt({ outTradeNo: 'another-order' as typeof PAYMENT.outTradeNo, state: 'paid' }),
      ],
      payments: [
        { ...PAYMENT, outTradeNo: 'another-order' as typeof PAYMENT.outTradeNo, returned: false },
      ],
      refunds: [],
    }
    await putViews(view, elsewhere)

    const { recorded } = await store.orders.recordPayment(PAYMENT, 'notice', 'no', NOW)

    expect(recorded).toBe(false)
    expect((await store.orders.load(view.order.ordercode))?.order.state).toBe('paying')
  })
})

const STATES: readonly RefundState[] = [
  'requested',
  'processing',
  'succeeded',
  'refused',
  'abnormal',
  'closed',
]

const REFUND_FACTS = {
  orderState: ['paid', 'paying', 'closed'] as readonly OrderState[],
  fee: [30, 100, 71, 70, 101],
  /** Of the refund that is there already; undefined for none. */
  otherState: [undefined, ...STATES] as readonly (RefundState | undefined)[],
  otherFee: [30, 100],
  /** Seconds before now; undefined while it waits. */
  otherStarted: [undefined, 59, 60, 61],
  /** Refunds of one fen beside that, in this state. */
  many: [0, REFUNDS_MAX - 2, REFUNDS_MAX - 1, REFUNDS_MAX] as readonly number[],
  manyState: ['succeeded', 'refused', 'closed'] as const,
  known: ['no', 'same', 'other fee', 'other reason'] as const,
  ofSecondPayment: [false, true],
}
type RefundCase = Case<typeof REFUND_FACTS>

const ended = (state: RefundState) =>
  state === 'succeeded' || state === 'refused' || state === 'closed' ? at(500) : undefined

function refundViewOf(facts: RefundCase): OrderView | undefined {
  const isPaid = facts.orderState === 'paid'
  const hasRefunds = facts.otherState !== undefined || facts.many > 0 || facts.known !== 'no'
  if (!isPaid && (hasRefunds || facts.ofSecondPayment)) return undefined
  const second = aPayment({
    transactionId: OTHER_ID,
    outTradeNo: `${PAYMENT.outTradeNo}*2` as typeof PAYMENT.outTradeNo,
  })
  const transactionId = facts.ofSecondPayment ? OTHER_ID : PAYMENT.transactionId
  const known: readonly Refund[] =
    facts.known === 'no'
      ? []
      : [
          aRefund({
            transactionId,
            refundFee: toFen(facts.known === 'other fee' ? facts.fee + 1 : facts.fee),
            totalFee: toFen(200),
            reason: facts.known === 'other reason' ? '别的' : '缺货',
            requestedAt: T0,
          }),
        ]
  const other: readonly Refund[] =
    facts.otherState === undefined
      ? []
      : [
          aRefund({
            outRefundNo: toOutRefundNo(R2),
            transactionId,
            refundFee: toFen(facts.otherFee),
            state: facts.otherState,
            requestedAt: T0,
            startedAt: facts.otherStarted === undefined ? undefined : at(600 - facts.otherStarted),
            endedAt: ended(facts.otherState),
          }),
        ]
  const many = Array.from({ length: facts.many }, (_, i) =>
    aRefund({
      outRefundNo: toOutRefundNo(`many-${i}`),
      transactionId,
      refundFee: toFen(1),
      state: facts.manyState,
      requestedAt: T0,
      startedAt: at(0),
      endedAt: at(500),
    }),
  )
  const refunds = [...known, ...other, ...many]
  // The schema allows no more than was paid.
  const reserved = refunds
    .filter(({ state }) => state !== 'refused' && state !== 'closed')
    .reduce((sum, { refundFee }) => sum + refundFee, 0)
  if (reserved > 100) return undefined
  return {
    order: anOrder({
      state: facts.orderState,
      revision: 7,
      ...(isPaid ? { transactionId: PAYMENT.transactionId, paidAt: PAYMENT.paidAt } : {}),
      ...(facts.orderState === 'closed' ? { closedAt: at(100) } : {}),
    }),
    attempts: [
      anAttempt({
        state: isPaid ? 'paid' : facts.orderState === 'closed' ? 'closed' : 'open',
        closedAt: facts.orderState === 'closed' ? at(100) : undefined,
      }),
      ...(facts.ofSecondPayment
        ? [anAttempt({ number: 2, outTradeNo: second.outTradeNo, state: 'paid' })]
        : []),
    ],
    payments: isPaid
      ? [PAYMENT, ...(facts.ofSecondPayment ? [second] : [])].map((each) => ({
          ...each,
          returned: false,
        }))
      : [],
    refunds,
  }
}

const refundCases = combinations(REFUND_FACTS, RANDOM_CASES, seeded(SEED + 1).below).flatMap(
  (facts) => {
    const view = refundViewOf(facts)
    return view === undefined ? [] : [{ facts, view }]
  },
)

describe(`a refund, decided twice (seed ${SEED})`, () => {
  it('is reserved by SQL exactly where the transition requests it, and starts where it may start', async () => {
    const { store, read } = storeBench()
    const wrong: unknown[] = []
    let reservedCount = 0

    for (const { facts, view } of refundCases) {
      const transactionId = facts.ofSecondPayment ? OTHER_ID : PAYMENT.transactionId
      const refund = aRefund({ transactionId, refundFee: toFen(facts.fee), totalFee: toFen(200) })
      const asked = { ...refund, requestedAt: NOW }
      const step = transition(view, { type: 'refund_requested', refund: asked }, NOW)
      const change = step.ok && step.value.kind === 'changed' ? step.value : undefined

      await putViews(view)
      const outcome = await store.refunds.reserve(view.order.ordercode, asked, NOW)
      if (outcome.reserved !== (change !== undefined)) {
        wrong.push({ facts, sql: outcome.reserved, transition: change !== undefined })
      }
      if (change === undefined || !outcome.reserved) continue

      reservedCount++
      const others = view.refunds.filter((each) => each.transactionId === transactionId)
      const startsAt = nextStartAt(others, NOW)
      const stored = outcome.view?.refunds.find(({ outRefundNo }) => outRefundNo === R1)
      expect(stored, JSON.stringify(facts)).toEqual({
        ...asked,
        startedAt: startsAt === undefined ? NOW : undefined,
      })
      expect(outcome.view?.order).toEqual(change.after.order)
      if (startsAt !== undefined) {
        const due = await read(`SELECT due_at FROM refunds WHERE out_refund_no = '${R1}'`)
        expect(due).toEqual([{ due_at: startsAt }])
      }
      const events = await read('SELECT type, revision FROM events')
      expect(events).toEqual([{ type: 'refund_requested', revision: 8 }])
    }

    expect(wrong).toEqual([])
    expect(refundCases.length).toBeGreaterThan(150)
    expect(reservedCount).toBeGreaterThan(20)
  })

  it('under a number that another order uses is reserved by neither', async () => {
    const { store } = storeBench()
    const [first] = refundCases
    if (first === undefined) throw new Error('the base case is possible')
    const elsewhere: OrderView = {
      order: anOrder({ ordercode: 'another-order', state: 'closed', closedAt: at(1) }),
      attempts: [],
      payments: [],
      refunds: [aRefund({ requestedAt: T0 })],
    }
    await putViews(first.view, elsewhere)

    const refund = aRefund({ requestedAt: NOW })
    const { reserved } = await store.refunds.reserve(first.view.order.ordercode, refund, NOW)

    expect(reserved).toBe(false)
  })
})
