import { describe, expect, it } from 'vitest'
import { formatOutTradeNo, toOutTradeNo } from '../../../src/core/ids.ts'
import { toFen } from '../../../src/core/money.ts'
import type { Attempt } from '../../../src/core/order/attempt.ts'
import type { Step } from '../../../src/core/order/change.ts'
import {
  expiryUnder,
  findAttempt,
  liveAttempt,
  nextOutTradeNo,
  nextRevision,
  type OrderEvent,
  type OrderView,
  sameTerms,
} from '../../../src/core/order/order.ts'
import { transition } from '../../../src/core/order/transition.ts'
import {
  anAttempt,
  anOrder,
  at,
  aView,
  HOUR,
  MINUTE,
  ORDERCODE,
  PAYMENT,
  T0,
  TERMS,
} from '../../../testing/samples/order-samples.ts'

const FIRST = toOutTradeNo(ORDERCODE)
const NOW = at(90)

function stepOf(before: OrderView, event: OrderEvent): Extract<Step, { kind: 'changed' }> {
  const step = transition(before, event, NOW)
  if (!step.ok) throw new Error(step.error.reason)
  if (step.value.kind === 'unchanged') throw new Error('unchanged')
  return step.value
}
const after = (before: OrderView, event: OrderEvent): OrderView => stepOf(before, event).after
const webhooksOf = (before: OrderView, event: OrderEvent) => stepOf(before, event).webhooks
const refusal = (before: OrderView, event: OrderEvent) => {
  const step = transition(before, event, NOW)
  return step.ok ? step.value.kind : step.error
}
const numbered = (number: number, changes: Partial<Attempt> = {}): Attempt =>
  anAttempt({ outTradeNo: formatOutTradeNo(ORDERCODE, number), number, ...changes })

describe('opening an attempt', () => {
  const opened = (attempt: Attempt): OrderEvent => ({ type: 'attempt_opened', attempt })

  it('makes the order paying', () => {
    const { order, attempts } = after(aView(), opened(anAttempt()))

    expect(order).toEqual({ ...anOrder(), state: 'paying', revision: 2 })
    expect(attempts).toEqual([anAttempt()])
  })

  it('takes the next number and no other', () => {
    const before = aView({ state: 'paying' }, [anAttempt({ state: 'closed', closedAt: at(30) })])

    expect(after(before, opened(numbered(2))).attempts.length).toBe(2)
    expect(refusal(before, opened(numbered(1)))).toEqual({ reason: 'illegal_transition' })
    expect(refusal(before, opened(numbered(3)))).toEqual({ reason: 'illegal_transition' })
  })

  it('is possible twenty times and no more', () => {
    const closed = (count: number) =>
      Array.from({ length: count }, (_, n) => numbered(n + 1, { state: 'closed', closedAt: T0 }))

    expect(nextOutTradeNo(aView({ state: 'paying' }, closed(19)))).toBe(`${ORDERCODE}*20`)
    expect(nextOutTradeNo(aView({ state: 'paying' }, closed(20)))).toBeUndefined()
    expect(refusal(aView({ state: 'paying' }, closed(20)), opened(numbered(20)))).toEqual({
      reason: 'illegal_transition',
    })
  })

  it('moves an expiry that is near, once', () => {
    const late = anAttempt({ terms: { timeExpire: at(2 * HOUR + MINUTE) } })
    const moved = after(aView(), opened(late))

    expect(moved.order).toMatchObject({ expiresAt: at(2 * HOUR + MINUTE), extended: true })
    const next = numbered(2, { terms: { ...late.terms, timeExpire: at(2 * HOUR + 2 * MINUTE) } })
    const before = { ...moved, attempts: [{ ...late, state: 'closed', closedAt: T0 } as const] }
    expect(refusal(before, opened(next))).toEqual({ reason: 'illegal_transition' })
    expect(after(before, opened(numbered(2, { terms: late.terms }))).order.expiresAt).toBe(
      at(2 * HOUR + MINUTE),
    )
  })
})

describe('sending an attempt again', () => {
  it('puts it in flight again and keeps its frozen terms', () => {
    const before = aView({ state: 'paying' }, [anAttempt()])
    const event: OrderEvent = { type: 'attempt_resent', outTradeNo: FIRST, codeHash: 'h2' }

    expect(findAttempt(after(before, event), FIRST)).toEqual({
      ...anAttempt(),
      sentAt: NOW,
      answeredAt: undefined,
      codeHash: 'h2',
      codeAt: NOW,
    })
  })

  it('keeps that a call went unanswered, and gives every call a second of its own', () => {
    const unanswered = anAttempt({ sentAt: NOW, answeredAt: undefined, prepayId: undefined })
    const before = aView({ state: 'paying' }, [unanswered])
    const event: OrderEvent = { type: 'attempt_resent', outTradeNo: FIRST, codeHash: 'h2' }
    const second = after(before, event)
    const third = after(second, event)

    expect(findAttempt(second, FIRST)).toMatchObject({ sentAt: NOW + 1, unansweredAt: NOW })
    expect(findAttempt(third, FIRST)).toMatchObject({ sentAt: NOW + 2, unansweredAt: NOW })
  })
})

describe('an attempt that is not the order’s live one', () => {
  const resent: OrderEvent = { type: 'attempt_resent', outTradeNo: FIRST, codeHash: 'h2' }
  const illegal = { reason: 'illegal_transition' }

  it.each(['closing', 'closed', 'paid'] as const)('is not sent again while it is %s', (state) => {
    expect(refusal(aView({ state: 'paying' }, [anAttempt({ state })]), resent)).toEqual(illegal)
  })

  it('is not sent again when another attempt has paid the order', () => {
    const paid = aView({ state: 'paid', transactionId: PAYMENT.transactionId }, [
      anAttempt(),
      numbered(2, { state: 'paid' }),
    ])

    expect(refusal(paid, resent)).toEqual(illegal)
  })
})

describe('closing an attempt', () => {
  it('is stored before closeorder is sent, and its time afterwards', () => {
    const before = aView({ state: 'paying' }, [anAttempt()])
    const closing = after(before, { type: 'attempt_closing', outTradeNo: FIRST })
    expect(closing.attempts).toEqual([anAttempt({ state: 'closing' })])

    const event = { type: 'attempt_closed', outTradeNo: FIRST, reason: 'closed_at_wechat' } as const
    const closed = after(closing, event)
    expect(closed.attempts).toEqual([anAttempt({ state: 'closed', closedAt: NOW })])
    expect(closed.order.state).toBe('paying')
    expect(liveAttempt(closed)).toBeUndefined()
  })
})

describe('ending an attempt whose number another system uses', () => {
  const event = { type: 'attempt_closed', outTradeNo: FIRST, reason: 'number_used' } as const
  const refused = { prepayId: undefined, prepayExpiresAt: undefined }

  it('is possible when WeChat refused every call', () => {
    const before = aView({ state: 'paying' }, [anAttempt(refused)])

    expect(after(before, event).attempts).toMatchObject([{ state: 'closed', closedAt: NOW }])
  })

  it('is not possible when the order at WeChat may be ours: it must be closed there', () => {
    for (const attempt of [
      anAttempt(),
      anAttempt({ ...refused, answeredAt: undefined }),
      anAttempt({ ...refused, unansweredAt: T0 }),
    ]) {
      expect(refusal(aView({ state: 'paying' }, [attempt]), event)).toEqual({
        reason: 'illegal_transition',
      })
    }
  })
})

describe('closing an order', () => {
  it('stores the time and leaves the attempts as they are', () => {
    const before = aView({ state: 'paying' }, [anAttempt({ state: 'closed', closedAt: T0 })])
    const closed = after(before, { type: 'order_closed', reason: 'shop' })

    expect(closed).toEqual({
      ...before,
      order: { ...before.order, state: 'closed', closedAt: NOW, revision: 2 },
    })
  })

  it('sends one webhook, with the revision of the close', () => {
    expect(webhooksOf(aView({ revision: 6 }), { type: 'order_closed', reason: 'expired' })).toEqual(
      [{ type: 'order.closed', subject: ORDERCODE, ordercode: ORDERCODE, revision: 7 }],
    )
  })
})

describe('changing an order', () => {
  const change = (changes: Partial<typeof TERMS>) => ({ ...TERMS, ...changes })

  it('stores the new terms, and counts a new expiry from the creation', () => {
    const terms = change({ totalFee: toFen(200), expiresIn: HOUR })

    expect(after(aView(), { type: 'order_changed', terms }).order).toEqual({
      ...anOrder(),
      terms,
      expiresAt: at(HOUR),
      revision: 2,
    })
  })

  it('never moves the expiry unless expires_in changes, not even an extended expiry', () => {
    const extended = anOrder({ expiresAt: at(3 * HOUR), extended: true })

    expect(expiryUnder(extended, change({ body: 'x' }))).toBe(at(3 * HOUR))
    expect(expiryUnder(extended, change({ expiresIn: 4 * HOUR }))).toBe(at(4 * HOUR))
  })

  it.each([
    ['amount', { totalFee: toFen(101) }],
    ['body', { body: 'x' }],
    ['attach', { attach: 'x' }],
    ['detail', { detail: 'x' }],
    ['goods tag', { goodsTag: 'x' }],
    ['limit', { limitPay: 'no_credit' }],
    ['payer', { openid: 'x' }],
    ['lifetime', { expiresIn: 1 }],
  ])('is needed when the %s differs', (_, changes) => {
    expect(sameTerms(TERMS, change(changes))).toBe(false)
    expect(sameTerms(change(changes), change(changes))).toBe(true)
  })
})

describe('an event of an attempt', () => {
  it('sends no webhook and opens no review', () => {
    const open = aView({ state: 'paying' }, [anAttempt()])
    const steps = [
      stepOf(aView(), { type: 'attempt_opened', attempt: anAttempt() }),
      stepOf(open, { type: 'attempt_resent', outTradeNo: FIRST, codeHash: 'h' }),
      stepOf(open, { type: 'attempt_closing', outTradeNo: FIRST }),
      stepOf(open, { type: 'attempt_closed', outTradeNo: FIRST, reason: 'closed_at_wechat' }),
    ]

    for (const step of steps) expect(step).toMatchObject({ webhooks: [], reviews: [] })
  })
})

describe('the revision of an order', () => {
  it('grows by one with every change', () => {
    expect(nextRevision(anOrder({ revision: 7 }))).toBe(8)
  })

  it('is after a recovery greater than any that the lost records may have had', () => {
    const recoveredAt = T0

    expect(nextRevision(anOrder({ revision: 7, recoveredAt }))).toBe(Number(`${T0}0`))
    const raised = anOrder({ revision: Number(`${T0}0`), recoveredAt })
    expect(nextRevision(raised)).toBe(Number(`${T0}1`))
  })
})
