import { describe, expect, it } from 'vitest'
import { formatOutTradeNo } from '../../../src/core/ids.ts'
import { toFen } from '../../../src/core/money.ts'
import type { Attempt } from '../../../src/core/order/attempt.ts'
import type { Order, Terms } from '../../../src/core/order/order.ts'
import {
  decidePay,
  type MerchantTerms,
  type Payer,
  resultFor,
} from '../../../src/core/order/pay-decision.ts'
import type { Payment } from '../../../src/core/order/payment.ts'
import { transition } from '../../../src/core/order/transition.ts'
import {
  anAttempt,
  aPayment,
  at,
  aTransactionId,
  aView,
  HOUR,
  MINUTE,
  OPENID,
  ORDERCODE,
  OTHER_OPENID,
  PAYMENT,
  T0,
  TERMS,
} from '../../../testing/samples/order-samples.ts'

const PAYER: Payer = { openid: OPENID, ip: '198.51.100.9', codeHash: 'h2' }
const MERCHANT: MerchantTerms = {
  appid: 'wxd930ea5d5a258f4f',
  mchId: '10000100',
  notifyUrl: 'https://pay.test/notify',
  signType: 'MD5',
}

const decide = (
  order: Partial<Order>,
  attempts: readonly Attempt[] = [],
  { now = at(60), payer = PAYER, merchant = MERCHANT, payments = [] as readonly Payment[] } = {},
) => decidePay(aView(order, attempts, payments), payer, merchant, now)

const refuse = (reason: string) => ({ kind: 'refuse', reason })
const bound: Terms = { ...TERMS, openid: OPENID }
const other: Payer = { ...PAYER, openid: OTHER_OPENID }
const numbered = (number: number, changes: Parameters<typeof anAttempt>[0] = {}): Attempt =>
  anAttempt({ number, outTradeNo: formatOutTradeNo(ORDERCODE, number), ...changes })
const closedAttempt = (number: number): Attempt =>
  numbered(number, { state: 'closed', closedAt: T0 })

/** An order that {@link PAYMENT} made paid. */
const PAID = {
  state: 'paid',
  transactionId: PAYMENT.transactionId,
  paidAt: PAYMENT.paidAt,
} as const
/** A payment of the other payer. */
const OTHERS = aPayment({
  openid: OTHER_OPENID,
  transactionId: aTransactionId('4200000540202401020000000009'),
})

describe('a payer', () => {
  it('is refused in every state of an order that belongs to another payer', () => {
    const states = ['created', 'paying', 'paid', 'closed'] as const

    for (const state of states) {
      expect(decide({ state, terms: bound }, [], { payer: other })).toEqual(
        refuse('not_your_order'),
      )
    }
    expect(decide({ terms: bound })).toMatchObject({ kind: 'open' })
  })

  it('learns that the own payment arrived, or that the order is closed, even after its expiry', () => {
    const now = at(3 * HOUR)
    expect(decide(PAID, [], { payments: [PAYMENT] })).toEqual(refuse('order_paid'))
    expect(decide(PAID, [], { payments: [PAYMENT], now })).toEqual(refuse('order_paid'))
    expect(decide({ state: 'closed' })).toEqual(refuse('order_closed'))
    expect(decide({ state: 'closed' }, [], { now })).toEqual(refuse('order_closed'))
  })

  it('causes an expired order to be closed', () => {
    expect(decide({}, [], { now: at(2 * HOUR) })).toEqual({ kind: 'close' })
    expect(decide({ state: 'paying' }, [anAttempt()], { now: at(3 * HOUR) })).toEqual({
      kind: 'close',
    })
  })
})

describe('a new attempt', () => {
  it('freezes everything that WeChat compares', () => {
    const terms = { ...TERMS, attach: 'a', detail: 'd', goodsTag: 'g', limitPay: 'no_credit' }

    expect(decide({ terms })).toEqual({
      kind: 'open',
      attempt: {
        outTradeNo: ORDERCODE,
        number: 1,
        state: 'open',
        terms: {
          appid: 'wxd930ea5d5a258f4f',
          mchId: '10000100',
          openid: OPENID,
          spbillCreateIp: '198.51.100.9',
          totalFee: 100,
          body: '测试商店-图书',
          attach: 'a',
          detail: 'd',
          goodsTag: 'g',
          limitPay: 'no_credit',
          notifyUrl: 'https://pay.test/notify',
          signType: 'MD5',
          timeStart: at(60),
          timeExpire: at(2 * HOUR),
        },
        sentAt: at(60),
        answeredAt: undefined,
        unansweredAt: undefined,
        prepayId: undefined,
        prepayExpiresAt: undefined,
        codeHash: 'h2',
        codeAt: at(60),
        closedAt: undefined,
      },
    })
  })

  it('takes the next number after earlier attempts', () => {
    expect(decide({ state: 'paying' }, [closedAttempt(1), closedAttempt(2)])).toMatchObject({
      kind: 'open',
      attempt: { outTradeNo: `${ORDERCODE}*3`, number: 3 },
    })
  })

  it('is refused after twenty attempts', () => {
    const attempts = Array.from({ length: 20 }, (_, n) => closedAttempt(n + 1))

    expect(decide({ state: 'paying' }, attempts)).toEqual(refuse('order_closed'))
  })

  it('lasts at least five minutes even shortly before the expiry, since WeChat refuses less', () => {
    const now = at(2 * HOUR - 1)
    const decision = decide({}, [], { now })
    const life = decision.kind === 'open' ? decision.attempt.terms.timeExpire - now : 0

    expect(life).toBeGreaterThanOrEqual(5 * MINUTE)
    expect(life).toBeLessThanOrEqual(6 * MINUTE)
  })

  it('lasts until the expiry of the order when that is six minutes away', () => {
    expect(decide({}, [], { now: at(2 * HOUR - 6 * MINUTE) })).toMatchObject({
      attempt: { terms: { timeExpire: at(2 * HOUR) } },
    })
  })

  it('is refused in the last minutes of an order that was already extended', () => {
    const order = { state: 'paying', extended: true } as const

    expect(decide(order, [closedAttempt(1)], { now: at(2 * HOUR - MINUTE) })).toEqual(
      refuse('order_closed'),
    )
    expect(decide(order, [closedAttempt(1)], { now: at(HOUR) })).toMatchObject({ kind: 'open' })
  })

  it('is accepted by the transition of the order', () => {
    for (const now of [T0, at(HOUR), at(2 * HOUR - MINUTE)]) {
      const view = aView()
      const decision = decidePay(view, PAYER, MERCHANT, now)
      if (decision.kind !== 'open') throw new Error(decision.kind)

      const step = transition(view, { type: 'attempt_opened', attempt: decision.attempt }, now)
      expect(step).toMatchObject({ ok: true, value: { kind: 'changed' } })
    }
  })
})

describe('a payer who returns', () => {
  const paying = { state: 'paying' } as const

  it('gets the same prepay_id signed again while it is usable for five minutes', () => {
    const prepayId = 'wx02030405123456abcdef0123456789ab00'
    const signs = { kind: 'sign', attempt: anAttempt(), prepayId }

    expect(decide(paying, [anAttempt()])).toEqual(signs)
    expect(decide(paying, [anAttempt()], { now: at(2 * HOUR - 5 * MINUTE) })).toEqual(signs)
  })

  it('has the same parameters sent again when the prepay_id is too old', () => {
    const now = at(2 * HOUR - 5 * MINUTE + 1)

    expect(decide(paying, [anAttempt()], { now })).toEqual({ kind: 'resend', attempt: anAttempt() })
  })

  it('has the same parameters sent again when there is no prepay_id yet', () => {
    const attempt = anAttempt({ prepayId: undefined, answeredAt: undefined })

    expect(decide(paying, [attempt])).toEqual({ kind: 'resend', attempt })
  })

  it('has the attempt closed when it has expired', () => {
    const attempt = anAttempt({ terms: { timeExpire: at(HOUR) }, prepayExpiresAt: at(HOUR) })

    expect(decide(paying, [attempt], { now: at(HOUR) })).toEqual({ kind: 'close_attempt', attempt })
    expect(decide(paying, [attempt], { now: at(HOUR - 1) })).toMatchObject({ kind: 'resend' })
  })

  it('keeps the attempt from another IP address and after a change of the sign type', () => {
    const merchant = { ...MERCHANT, signType: 'HMAC-SHA256', notifyUrl: 'https://new' } as const

    expect(decide(paying, [anAttempt()], { merchant })).toMatchObject({ kind: 'sign' })
  })

  it('never gets a closing attempt signed', () => {
    const attempt = anAttempt({ state: 'closing' })

    expect(decide(paying, [attempt])).toEqual({ kind: 'close_attempt', attempt })
  })

  it('gets the live attempt, not a closed one before it', () => {
    const live = anAttempt({ number: 2, outTradeNo: formatOutTradeNo(ORDERCODE, 2) })

    expect(decide(paying, [closedAttempt(1), live])).toMatchObject({ kind: 'sign', attempt: live })
  })
})

describe('an attempt is closed', () => {
  const paying = { state: 'paying' } as const
  const closeAttempt = { kind: 'close_attempt', attempt: anAttempt() }

  it('when another payer pays', () => {
    expect(decide(paying, [anAttempt()], { payer: other })).toEqual(closeAttempt)
  })

  it.each([
    ['amount', { totalFee: toFen(200) }],
    ['body', { body: 'x' }],
    ['attach', { attach: 'x' }],
    ['detail', { detail: 'x' }],
    ['goods tag', { goodsTag: 'x' }],
    ['limit', { limitPay: 'no_credit' }],
  ])('when the shop changed the %s', (_, changes) => {
    expect(decide({ ...paying, terms: { ...TERMS, ...changes } }, [anAttempt()])).toEqual(
      closeAttempt,
    )
  })

  it('when the merchant or the mini program changed', () => {
    const asMerchant = (changes: Partial<MerchantTerms>) => ({
      merchant: { ...MERCHANT, ...changes },
    })

    expect(decide(paying, [anAttempt()], asMerchant({ appid: 'wx0' }))).toEqual(closeAttempt)
    expect(decide(paying, [anAttempt()], asMerchant({ mchId: '1' }))).toEqual(closeAttempt)
  })
})

describe('a live attempt of another payer', () => {
  const paying = { state: 'paying' } as const
  /** `count` attempts, the last of which is open since T0. */
  const attempts = (count: number, last: Parameters<typeof anAttempt>[0] = {}): Attempt[] => [
    ...Array.from({ length: count - 1 }, (_, n) => closedAttempt(n + 1)),
    numbered(count, last),
  ]
  const takeOver = (count: number, seconds: number, order: Partial<Order> = {}) =>
    decide({ ...paying, ...order }, attempts(count), { payer: other, now: at(seconds) }).kind

  it('gives way at once for the first five numbers', () => {
    for (const count of [1, 2, 3, 4]) expect(takeOver(count, 0)).toBe('close_attempt')
    expect(takeOver(5, 0)).toBe('refuse')
  })

  it('then gives way once it is older than the time left divided by the numbers left', () => {
    // Of two hours, 15 numbers left: 450 s old with 6 750 s left is not yet older, 451 s is.
    expect(takeOver(5, 450)).toBe('refuse')
    expect(takeOver(5, 451)).toBe('close_attempt')
    // One number left: half of the time.
    expect(takeOver(19, HOUR)).toBe('refuse')
    expect(takeOver(19, HOUR + 1)).toBe('close_attempt')
  })

  it('keeps its place until the expiry when it has the last number', () => {
    expect(takeOver(20, 2 * HOUR - 1)).toBe('refuse')
    expect(decide(paying, attempts(20), { payer: other, now: at(HOUR) })).toEqual(
      refuse('order_busy'),
    )
  })

  it('keeps its place when the time that is left is too short for another attempt', () => {
    const extended = { extended: true } as const

    expect(takeOver(1, 2 * HOUR - 5 * MINUTE)).toBe('close_attempt')
    expect(takeOver(1, 2 * HOUR - 5 * MINUTE, extended)).toBe('refuse')
    expect(takeOver(1, 2 * HOUR - 6 * MINUTE, extended)).toBe('close_attempt')
  })

  it('does not keep its place while it is being closed: it cannot be paid any more', () => {
    const closing = attempts(20, { state: 'closing' })

    expect(decide(paying, closing, { payer: other })).toMatchObject({ kind: 'close_attempt' })
  })

  it('of the same payer gives way at once when the shop has changed the price', () => {
    const order = { ...paying, terms: { ...TERMS, totalFee: toFen(200) } }

    expect(decide(order, attempts(12))).toMatchObject({ kind: 'close_attempt' })
  })
})

describe('a payment of another payer', () => {
  const paidByOther = { ...PAID, transactionId: OTHERS.transactionId }
  const beside = { payments: [OTHERS] }

  it('makes the order closed to everyone else', () => {
    expect(decide(paidByOther, [anAttempt()], beside)).toEqual(refuse('order_closed'))
    expect(decide(paidByOther, [], { ...beside, payer: other })).toEqual(refuse('order_paid'))
  })

  it('makes the order closed even to the payer of a second payment, which goes back', () => {
    const payments = [OTHERS, PAYMENT]

    expect(decide(paidByOther, [], { payments })).toEqual(refuse('order_closed'))
  })

  it('that goes back leaves the order open to its payer only', () => {
    const order = { state: 'paying' } as const
    const attempts = [numbered(1, { state: 'paid', terms: { openid: OTHER_OPENID } })]

    expect(decide(order, attempts, beside)).toEqual(refuse('order_closed'))
    expect(decide(order, attempts, { ...beside, payer: other })).toMatchObject({
      kind: 'open',
      attempt: { number: 2, terms: { openid: OTHER_OPENID } },
    })
  })

  it('that goes back takes nothing from a payer whose attempt is live', () => {
    const attempts = [numbered(1, { state: 'paid', terms: { openid: OTHER_OPENID } }), numbered(2)]

    expect(decide({ state: 'paying' }, attempts, beside)).toMatchObject({ kind: 'sign' })
  })

  it('shows as not_your_order when the shop bound the order to another payer', () => {
    expect(
      decide({ ...paidByOther, terms: { ...TERMS, openid: OTHER_OPENID } }, [], beside),
    ).toEqual(refuse('not_your_order'))
  })
})

describe('/result', () => {
  const theirs = { terms: { openid: OTHER_OPENID, totalFee: toFen(300) } }
  const expensive = { terms: { ...TERMS, totalFee: toFen(300) } }
  const mine = closedAttempt(1)
  const shown = (order: Partial<Order>, attempts: Attempt[], payments: Payment[] = []) =>
    resultFor(aView(order, attempts, payments), OPENID)
  const closed = { state: 'closed', totalFee: 100, paidAt: undefined }

  it('shows a payer the own payment, even while another payer’s attempt is not closed yet', () => {
    const attempts = [numbered(1, { state: 'paid' }), numbered(2, theirs)]

    expect(shown(PAID, attempts, [PAYMENT])).toEqual({
      state: 'paid',
      totalFee: 100,
      paidAt: PAYMENT.paidAt,
    })
  })

  it('shows the order as it is while no other payer is at the cashier', () => {
    const paying = { state: 'paying', totalFee: 100, paidAt: undefined }

    expect(shown({ state: 'paying' }, [anAttempt()])).toEqual(paying)
    expect(shown({ state: 'paying' }, [mine])).toEqual(paying)
    expect(shown({ state: 'paying', ...expensive }, [mine])).toEqual({ ...paying, totalFee: 300 })
  })

  it('shows one and the same thing before, while and after another payer pays another price', () => {
    const paid = { ...PAID, ...expensive, transactionId: OTHERS.transactionId }
    const states = [
      shown({ state: 'paying', ...expensive }, [mine, numbered(2, theirs)]),
      shown({ state: 'paying', ...expensive }, [
        mine,
        numbered(2, { ...theirs, state: 'closing' }),
      ]),
      shown(paid, [mine, numbered(2, { ...theirs, state: 'paid' })], [OTHERS]),
      shown({ state: 'closed', ...expensive }, [mine, closedAttempt(2)]),
      shown({ state: 'closed', ...expensive }, [mine]),
    ]

    for (const state of states) expect(state).toEqual(closed)
  })

  it('shows an order that the shop has bound to another payer as closed', () => {
    const terms = { ...TERMS, openid: OTHER_OPENID }

    expect(shown({ state: 'paying', terms }, [mine])).toEqual(closed)
  })

  it('shows a payer whose payment goes back that the order can still be paid', () => {
    const view = aView({ state: 'paying' }, [numbered(1, { state: 'paid' })], [PAYMENT])

    expect(resultFor(view, OPENID)).toMatchObject({ state: 'paying', paidAt: undefined })
    expect(resultFor(view, OTHER_OPENID)).toMatchObject({ state: 'closed', paidAt: undefined })
  })

  it('shows a paid order as closed when the ticket’s payer is not known', () => {
    expect(resultFor(aView(PAID, [], [PAYMENT]), undefined)).toMatchObject({
      state: 'closed',
      paidAt: undefined,
    })
  })
})
