import { describe, expect, it } from 'vitest'
import { formatOutTradeNo } from '../../../src/core/ids.ts'
import { toFen } from '../../../src/core/money.ts'
import type { Attempt } from '../../../src/core/order/attempt.ts'
import type { Order, Terms } from '../../../src/core/order/order.ts'
import { decidePay, type MerchantTerms, type Payer } from '../../../src/core/order/pay-decision.ts'
import { transition } from '../../../src/core/order/transition.ts'
import {
  anAttempt,
  at,
  aView,
  HOUR,
  MINUTE,
  OPENID,
  ORDERCODE,
  OTHER_OPENID,
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
  { now = at(60), payer = PAYER, merchant = MERCHANT } = {},
) => decidePay(aView(order, attempts), payer, merchant, now)

const refuse = (reason: string) => ({ kind: 'refuse', reason })
const bound: Terms = { ...TERMS, openid: OPENID }
const other: Payer = { ...PAYER, openid: OTHER_OPENID }
const closedAttempt = (number: number): Attempt =>
  anAttempt({
    number,
    outTradeNo: formatOutTradeNo(ORDERCODE, number),
    state: 'closed',
    closedAt: T0,
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

  it('learns that the order is paid or closed, even after its expiry', () => {
    expect(decide({ state: 'paid' })).toEqual(refuse('order_paid'))
    expect(decide({ state: 'closed' })).toEqual(refuse('order_closed'))
    expect(decide({ state: 'paid' }, [], { now: at(3 * HOUR) })).toEqual(refuse('order_paid'))
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
