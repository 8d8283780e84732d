import { describe, expect, it } from 'vitest'
import { formatOutTradeNo, toOutTradeNo } from '../../../src/core/ids.ts'
import { toFen } from '../../../src/core/money.ts'
import { nextOutTradeNo, type OrderEvent, type OrderView } from '../../../src/core/order/order.ts'
import { transition } from '../../../src/core/order/transition.ts'
import {
  anAttempt,
  aPayment,
  aRecording,
  at,
  aTransactionId,
  aView,
  DAY,
  ORDERCODE,
  PAYMENT,
  T0,
  TERMS,
} from '../../../testing/samples/order-samples.ts'

const NOW = at(90)
const FIRST = toOutTradeNo(ORDERCODE)
const PREPAID = { answeredAt: at(5) }
const SECOND = aPayment({ transactionId: aTransactionId('4200000540202401029999999999') })
const UNANSWERED = { answeredAt: undefined, prepayId: undefined, prepayExpiresAt: undefined }
const REFUSED = { answeredAt: at(5), prepayId: undefined, prepayExpiresAt: undefined }

/** An order in every state, with its attempt in every state that matters. */
const SITUATIONS = {
  created: aView(),
  /** Sent less than a minute ago, and no answer yet. */
  inFlight: aView({ state: 'paying' }, [anAttempt({ ...UNANSWERED, sentAt: at(60) })]),
  /** Sent longer ago, and no answer ever came. */
  lost: aView({ state: 'paying' }, [anAttempt({ ...UNANSWERED, sentAt: T0 })]),
  /** WeChat refused it definitely. */
  refused: aView({ state: 'paying' }, [anAttempt(REFUSED)]),
  /** WeChat gave a prepay_id. */
  open: aView({ state: 'paying' }, [anAttempt(PREPAID)]),
  closing: aView({ state: 'paying' }, [anAttempt({ ...PREPAID, state: 'closing' })]),
  /** No attempt is live, and the order is still unpaid. */
  idle: aView({ state: 'paying' }, [anAttempt({ state: 'closed', closedAt: at(30) })]),
  paid: aView(
    { state: 'paid', transactionId: PAYMENT.transactionId, paidAt: PAYMENT.paidAt },
    [anAttempt({ state: 'paid' })],
    [PAYMENT],
  ),
  closed: aView({ state: 'closed', closedAt: at(30) }, [
    anAttempt({ state: 'closed', closedAt: at(30) }),
  ]),
} satisfies Record<string, OrderView>

/** The next attempt that this order could open. */
const nextAttempt = (view: OrderView) =>
  anAttempt({
    ...UNANSWERED,
    outTradeNo: nextOutTradeNo(view) ?? FIRST,
    number: view.attempts.length + 1,
    sentAt: NOW,
  })

const EVENTS = {
  'the shop repeats the order': () => ({ type: 'order_changed', terms: { ...TERMS } }),
  'the shop changes the price': () => ({
    type: 'order_changed',
    terms: { ...TERMS, totalFee: toFen(200) },
  }),
  'an attempt is opened': (view) => ({ type: 'attempt_opened', attempt: nextAttempt(view) }),
  'the attempt is sent again': () => ({
    type: 'attempt_resent',
    outTradeNo: FIRST,
    codeHash: 'h2',
  }),
  'the attempt starts closing': () => ({ type: 'attempt_closing', outTradeNo: FIRST }),
  'WeChat says closed': () => ({
    type: 'attempt_closed',
    outTradeNo: FIRST,
    reason: 'closed_at_wechat',
  }),
  'WeChat has no such number': () => ({
    type: 'attempt_closed',
    outTradeNo: FIRST,
    reason: 'absent_at_wechat',
  }),
  'WeChat says paid': () => ({
    type: 'payment_booked',
    ...aRecording({ source: 'notice' }),
  }),
  'WeChat says paid under another id': () => ({
    type: 'payment_booked',
    ...aRecording({ payment: SECOND }),
  }),
  'WeChat says paid and all went back': () => ({
    type: 'payment_booked',
    ...aRecording({ policy: { kind: 'returned' } }),
  }),
  'the payment is recorded as second': () => ({
    type: 'second_payment_recorded',
    ...aRecording({ source: 'notice' }),
  }),
  'a second payment is recorded': () => ({
    type: 'second_payment_recorded',
    ...aRecording({ payment: SECOND }),
  }),
  'the operator keeps the payment': () => ({
    type: 'payment_accepted',
    transactionId: PAYMENT.transactionId,
  }),
  'the order is closed': () => ({ type: 'order_closed', reason: 'expired' }),
} satisfies Record<string, (view: OrderView) => OrderEvent>

// The whole table. `.` is unchanged, `no` is illegal_transition, a state is what the order becomes.
// prettier-ignore
const TABLE: Readonly<Record<string, string>> = {
  //                                  created  inFlight lost    refused open    closing idle    paid    closed
  'the shop repeats the order':        '.        .        .       .       .       .       .       .       .',
  'the shop changes the price':        'created  no       no      no      no      no      paying  no      no',
  'an attempt is opened':              'paying   no       no      no      no      no      paying  no      no',
  'the attempt is sent again':         'no       paying   paying  paying  paying  no      no      no      no',
  'the attempt starts closing':        'no       no       paying  paying  paying  .       no      no      no',
  'WeChat says closed':                'no       paying   paying  paying  paying  paying  .       no      .',
  'WeChat has no such number':         'no       no       paying  paying  no      no      .       no      .',
  'WeChat says paid and all went back':'unknown  paying   paying  paying  paying  paying  paying  .       closed',
  'WeChat says paid':                  'unknown  paid     paid    paid    paid    paid    paid    .       paid',
  'WeChat says paid under another id': 'unknown  paid     paid    paid    paid    paid    paid    second  paid',
  'the payment is recorded as second': 'no       no       no      no      no      no      no      .       no',
  'a second payment is recorded':      'no       no       no      no      no      no      no      paid    no',
  'the operator keeps the payment':    'no       no       no      no      no      no      no      .       no',
  'the order is closed':               'closed   no       no      no      no      no      closed  no      .',
}
const OUTCOMES: Readonly<Record<string, string>> = {
  '.': 'unchanged',
  no: 'illegal_transition',
  unknown: 'unknown_order',
  second: 'second_payment',
}

const situations = Object.entries(SITUATIONS)
const CELLS = Object.entries(EVENTS).flatMap(([eventName, event]) => {
  const cells = (TABLE[eventName] ?? '').split(/\s+/)
  return situations.map(([situation, before], column) => {
    const cell = cells[column] ?? 'nothing'
    return [situation, eventName, OUTCOMES[cell] ?? cell, before, event(before)] as const
  })
})

describe('an order', () => {
  it('has one outcome for every event in every situation', () => {
    expect(Object.keys(TABLE).sort()).toEqual(Object.keys(EVENTS).sort())
    for (const row of Object.values(TABLE)) {
      expect(row.split(/\s+/).length, row).toBe(situations.length)
    }
  })

  it.each(CELLS)('in the situation %s, when %s: %s', (_, _event, expected, before, event) => {
    const untouched = structuredClone(before)

    const step = transition(before, event, NOW)

    if (!step.ok) expect(step.error.reason).toBe(expected)
    else if (step.value.kind === 'unchanged') expect('unchanged').toBe(expected)
    else {
      expect(step.value.after.order.state).toBe(expected)
      expect(step.value.after.order.revision).toBe(before.order.revision + 1)
    }
    expect(before).toEqual(untouched)
  })

  it('never leaves the state paid', () => {
    for (const [name, event] of Object.entries(EVENTS)) {
      const step = transition(SITUATIONS.paid, event(SITUATIONS.paid), at(30 * DAY))

      const state = step.ok && step.value.kind === 'changed' ? step.value.after.order.state : 'paid'
      expect(state, name).toBe('paid')
    }
  })

  it('refuses events of an attempt that it does not have', () => {
    const otherNo = formatOutTradeNo(ORDERCODE, 7)
    const illegal = { ok: false, error: { reason: 'illegal_transition' } }
    const events: OrderEvent[] = [
      { type: 'attempt_resent', outTradeNo: otherNo, codeHash: 'h' },
      { type: 'attempt_closing', outTradeNo: otherNo },
      { type: 'attempt_closed', outTradeNo: otherNo, reason: 'closed_at_wechat' },
    ]

    for (const event of events) expect(transition(SITUATIONS.open, event, NOW)).toEqual(illegal)
    const payment = aPayment({ outTradeNo: otherNo })
    const unknown = { ok: false, error: { reason: 'unknown_order' } }
    expect(
      transition(SITUATIONS.open, { type: 'payment_booked', ...aRecording({ payment }) }, NOW),
    ).toEqual(unknown)
    expect(
      transition(
        SITUATIONS.paid,
        { type: 'second_payment_recorded', ...aRecording({ payment }) },
        NOW,
      ),
    ).toEqual(unknown)
  })
})
