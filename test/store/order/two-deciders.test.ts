/**
 * Two deciders: the store's fast paths decide in SQL what `transition` decides in TypeScript. Every generated
 * case is put into a real database as it stands, and both are asked.
 */
import { describe, expect, it } from 'vitest'
import { toFen } from '../../../src/core/money.ts'
import type { AttemptState } from '../../../src/core/order/attempt.ts'
import type { OrderEvent, OrderState, OrderView } from '../../../src/core/order/order.ts'
import { CLOCK_SKEW_S, isUsual } from '../../../src/core/order/payment-check.ts'
import type { RefundPolicy } from '../../../src/core/order/refund-policy.ts'
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
  asStored,
  aBookedPayment,
  MERCHANT_IDS,
  ACCEPTING,
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
import { aRefund, R1, R2, REFUND_STATES } from '../../../testing/samples/refund-samples.ts'
import { seeded } from '../../../testing/wire/seeded.ts'

const SEED = 20_261_128
const RANDOM_CASES = 150
const NOW = at(600)
/** Who sends the requests. */
const ACTOR = 'li.wei'
const OTHER_ID = aTransactionId('4200000540202401020000000002')

const PAYMENT_FACTS = {
  orderState: ['paying', 'created', 'closed', 'paid'] as readonly OrderState[],
  attemptState: ['open', 'closing', 'closed', 'paid'] as readonly AttemptState[],
  /** What WeChat's message names. The attempt's is the first. */
  ids: [
    MERCHANT_IDS,
    { ...MERCHANT_IDS, appid: 'wx2421b1c4370ec43b' },
    { ...MERCHANT_IDS, mchId: '1900000109' },
  ],
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
  /** `beside`: recorded as one that goes back, which leaves the order as it is. */
  recorded: ['no', 'as paid', 'beside'] as const,
  hasOtherOpenAttempt: [false, true],
  attemptExists: [true, false],
  policy: [
    ACCEPTING,
    { kind: 'configured', latePayment: 'refund', refundNotifyUrl: 'https://pay.test/n' },
    { kind: 'returned' },
    { kind: 'keep' },
  ] as readonly RefundPolicy[],
  refunded: [false, true],
}
type PaymentCase = Case<typeof PAYMENT_FACTS>

/** The order, as far as it can be so: undefined for facts that contradict each other. */
function viewOf(facts: PaymentCase): OrderView | undefined {
  const { orderState, attemptState } = facts
  const isPaid = orderState === 'paid'
  const isRecorded = facts.recorded !== 'no'
  const isBeside = facts.recorded === 'beside'
  // A recorded payment has made its attempt paid, and its order unless it goes back.
  if (isRecorded && (attemptState !== 'paid' || !facts.attemptExists)) return undefined
  if (isRecorded && isPaid === isBeside) return undefined
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
    payments: isPaid || isBeside ? [aBookedPayment({ ...recorded, returned: isBeside })] : [],
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
    const { store, rows, read, exec } = storeBench({ actor: ACTOR })
    const wrong: unknown[] = []
    let recordedCount = 0

    for (const { facts, view } of paymentCases) {
      const payment = aPayment({
        ...facts.ids,
        totalFee: toFen(facts.paidFee),
        openid: facts.payer,
        feeType: facts.feeType,
        tradeType: facts.tradeType,
        paidAt: at(facts.paidAfter),
      })
      const { source, policy, refunded } = facts
      const event: OrderEvent = { type: 'payment_booked', payment, source, policy, refunded }
      const step = transition(view, event, NOW)
      const change = step.ok && step.value.kind === 'changed' ? step.value : undefined
      const becomesPaid = change?.after.order.state === 'paid'
      const expected = becomesPaid && change?.reviews.length === 0 && source !== 'operator'

      await putViews(view)
      const outcome =
        isUsual(payment, source) && policy.kind !== 'returned'
          ? await store.orders.recordPayment(payment, source, refunded, NOW)
          : { recorded: false, view }
      if (outcome.recorded !== expected) wrong.push({ facts, sql: outcome.recorded, expected })
      if (change === undefined || !outcome.recorded) continue

      recordedCount++
      // The cron adds the payment to the sums of its day; one that the transition records is added at once.
      await exec('UPDATE payments SET sum_at = NULL')
      const bySql = await rows()
      await putViews(view)
      expect(await store.orders.commit(view, event, change, NOW)).not.toBe('stale')
      expect(bySql, JSON.stringify(facts)).toEqual(await rows())
      expect(await read('SELECT * FROM order_events')).toMatchObject([
        { type: 'payment_booked', actor: ACTOR },
      ])
      expect(outcome.view).toEqual(asStored(change.after))
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
      payments: [aBookedPayment({ outTradeNo: 'another-order' as typeof PAYMENT.outTradeNo })],
      refunds: [],
    }
    await putViews(view, elsewhere)

    const { recorded } = await store.orders.recordPayment(PAYMENT, 'notice', false, NOW)

    expect(recorded).toBe(false)
    expect((await store.orders.load(view.order.ordercode))?.order.state).toBe('paying')
  })
})

const RELEASED: readonly RefundState[] = ['refused', 'closed', 'cancelled']

const REFUND_FACTS = {
  orderState: ['paid', 'paying', 'closed'] as readonly OrderState[],
  fee: [30, 100, 71, 70, 101],
  /** Of the refund that is there already; undefined for none. */
  otherState: [undefined, ...REFUND_STATES] as readonly (RefundState | undefined)[],
  otherFee: [30, 100],
  /** Seconds before now; undefined while it waits. */
  otherStarted: [undefined, 59, 60, 61],
  /** Refunds of one fen beside that, in this state. */
  many: [0, REFUNDS_MAX - 2, REFUNDS_MAX - 1, REFUNDS_MAX] as readonly number[],
  manyState: ['succeeded', 'refused', 'closed', 'cancelled'] as const,
  known: ['no', 'same', 'other fee', 'other reason', 'other account', 'cancelled'] as const,
  ofSecondPayment: [false, true],
  /** Whether an order that is not paid has a payment that goes back. */
  hasReturned: [false, true],
}
type RefundCase = Case<typeof REFUND_FACTS>

/** The times of a refund in this state. */
const ended = (state: RefundState) => ({
  state,
  endedAt: state === 'succeeded' || RELEASED.includes(state) ? at(500) : undefined,
  cancelledAt: state === 'cancelled' ? at(500) : undefined,
})

function refundViewOf(facts: RefundCase): OrderView | undefined {
  const isPaid = facts.orderState === 'paid'
  const hasPayment = isPaid || facts.hasReturned
  const hasRefunds = facts.otherState !== undefined || facts.many > 0 || facts.known !== 'no'
  if (!isPaid && facts.ofSecondPayment) return undefined
  if (!isPaid && hasRefunds && !facts.hasReturned) return undefined
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
            account: facts.known === 'other account' ? 'available' : 'unsettled',
            requestedAt: T0,
            ...ended(facts.known === 'cancelled' ? 'cancelled' : 'requested'),
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
            requestedAt: T0,
            startedAt: facts.otherStarted === undefined ? undefined : at(600 - facts.otherStarted),
            ...ended(facts.otherState),
          }),
        ]
  const many = Array.from({ length: facts.many }, (_, i) =>
    aRefund({
      outRefundNo: toOutRefundNo(`many-${i}`),
      transactionId,
      refundFee: toFen(1),
      requestedAt: T0,
      startedAt: at(0),
      ...ended(facts.manyState),
    }),
  )
  const refunds = [...known, ...other, ...many]
  // The schema allows no more than was paid.
  const reserved = refunds
    .filter(({ state }) => !RELEASED.includes(state))
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
        state: hasPayment ? 'paid' : facts.orderState === 'closed' ? 'closed' : 'open',
        closedAt: facts.orderState === 'closed' ? at(100) : undefined,
      }),
      ...(facts.ofSecondPayment
        ? [anAttempt({ number: 2, outTradeNo: second.outTradeNo, state: 'paid' })]
        : []),
    ],
    payments: isPaid
      ? [PAYMENT, ...(facts.ofSecondPayment ? [second] : [])].map(aBookedPayment)
      : facts.hasReturned
        ? [aBookedPayment({ returned: true })]
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
    const { store, read } = storeBench({ actor: ACTOR })
    const wrong: unknown[] = []
    let reservedCount = 0
    const eventsAndRefund = async () => ({
      events: await read('SELECT * FROM order_events'),
      // The fast path also starts the refund, and leases it to the caller.
      refund: (await read(`SELECT * FROM refunds WHERE out_refund_no = '${R1}'`)).map((row) => ({
        ...row,
        started_at: undefined,
        sending_until: undefined,
        lease_no: undefined,
        due_at: undefined,
      })),
    })

    for (const { facts, view } of refundCases) {
      const transactionId = facts.ofSecondPayment ? OTHER_ID : PAYMENT.transactionId
      const refund = aRefund({ transactionId, refundFee: toFen(facts.fee), totalFee: toFen(200) })
      const asked = { ...refund, requestedAt: NOW, actor: undefined }
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
        actor: ACTOR,
        startedAt: startsAt === undefined ? NOW : undefined,
      })
      expect(outcome.view?.order).toEqual(change.after.order)
      if (startsAt !== undefined) {
        const due = await read(`SELECT due_at FROM refunds WHERE out_refund_no = '${R1}'`)
        expect(due).toEqual([{ due_at: startsAt }])
      }
      const bySql = await eventsAndRefund()
      expect(bySql.events).toMatchObject([{ type: 'refund_requested', revision: 8, actor: ACTOR }])
      // The other refunds of the payment have no part in these rows, and writing fifty of them takes long.
      if (facts.many > 0) continue
      await putViews(view)
      const event: OrderEvent = { type: 'refund_requested', refund: asked }
      expect(await store.orders.commit(view, event, change, NOW)).not.toBe('stale')
      expect(bySql, JSON.stringify(facts)).toEqual(await eventsAndRefund())
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

/** Midnight in Beijing at the begin of the day of T0, in seconds after T0. */
const MIDNIGHT = -(3 * 3_600 + 4 * 60 + 5)

const LIMIT_FACTS = {
  limit: [100, undefined, 0, 29, 30, 79, 80, 130, 200],
  fee: [30, 1, 100],
  /** Of another refund, of this order or of another one, which may be counted against the limit. */
  otherState: ['requested', ...REFUND_STATES] as readonly RefundState[],
  otherRequested: [0, MIDNIGHT, MIDNIGHT - 1, 600],
  otherSource: ['shop', 'operator', 'automatic', 'merchant_platform'] as const,
  isElsewhere: [false, true],
  known: [false, true],
}
type LimitCase = Case<typeof LIMIT_FACTS>

function limitViewsOf(facts: LimitCase): readonly [OrderView, OrderView] {
  const other = aRefund({
    outRefundNo: toOutRefundNo(R2),
    refundFee: toFen(50),
    source: facts.otherSource,
    requestedAt: at(facts.otherRequested),
    ...ended(facts.otherState),
  })
  const known = facts.known ? [aRefund({ refundFee: toFen(facts.fee), requestedAt: T0 })] : []
  const payment = aBookedPayment({ totalFee: toFen(1_000) })
  const second = aBookedPayment({
    transactionId: OTHER_ID,
    outTradeNo: 'another-order' as typeof PAYMENT.outTradeNo,
  })
  return [
    {
      order: paidBy(payment),
      attempts: [anAttempt({ state: 'paid' })],
      payments: [payment],
      refunds: [...known, ...(facts.isElsewhere ? [] : [other])],
    },
    {
      order: { ...paidBy(second), ordercode: 'another-order' },
      attempts: [anAttempt({ outTradeNo: second.outTradeNo, state: 'paid' })],
      payments: [second],
      refunds: facts.isElsewhere ? [{ ...other, transactionId: OTHER_ID }] : [],
    },
  ]
}

const paidBy = ({ transactionId, paidAt }: ReturnType<typeof aBookedPayment>) =>
  anOrder({ state: 'paid', revision: 7, transactionId, paidAt })

/** A time in Beijing, as text. */
const inBeijing = (seconds: number): string => new Date((seconds + 8 * 3_600) * 1_000).toISOString()

describe(`a refund under a limit of the day, decided twice (seed ${SEED})`, () => {
  it('is reserved by SQL exactly where the transition requests it', async () => {
    const cases = combinations(LIMIT_FACTS, RANDOM_CASES, seeded(SEED + 2).below)
    const wrong: unknown[] = []
    const reasons = new Map<string, number>()

    for (const facts of cases) {
      const [view, elsewhere] = limitViewsOf(facts)
      // What is left, counted here from the facts: other refunds of the day that hold their amount.
      const counted = [...view.refunds, ...elsewhere.refunds]
        .filter(({ requestedAt }) => inBeijing(requestedAt).startsWith(inBeijing(NOW).slice(0, 10)))
        .filter(({ state, source }) => !RELEASED.includes(state) && source !== 'merchant_platform')
        .reduce((sum, { refundFee }) => sum + refundFee, 0)
      const dayLeft =
        facts.limit === undefined ? undefined : toFen(Math.max(0, facts.limit - counted))
      const asked = aRefund({
        refundFee: toFen(facts.fee),
        totalFee: toFen(1_000),
        requestedAt: NOW,
      })
      const step = transition(view, { type: 'refund_requested', refund: asked, dayLeft }, NOW)
      const isChanged = step.ok && step.value.kind === 'changed'

      await putViews(view, elsewhere)
      const perDay = facts.limit === undefined ? undefined : toFen(facts.limit)
      const { store } = storeBench({ actor: ACTOR, limits: { paused: false, perDay } })
      const outcome = await store.refunds.reserve(view.order.ordercode, asked, NOW)
      const expectedLeft =
        dayLeft === undefined || !outcome.reserved ? dayLeft : toFen(dayLeft - facts.fee)
      if (outcome.reserved !== isChanged || outcome.dayLeft !== expectedLeft) {
        wrong.push({ facts, outcome, isChanged, dayLeft })
      }
      const reason = step.ok ? step.value.kind : step.error.reason
      reasons.set(reason, (reasons.get(reason) ?? 0) + 1)
    }

    expect(wrong).toEqual([])
    for (const reason of ['changed', 'unchanged', 'refund_limit_reached']) {
      expect(reasons.get(reason), reason).toBeGreaterThan(10)
    }
  })
})
