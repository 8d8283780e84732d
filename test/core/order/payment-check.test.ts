import { describe, expect, it } from 'vitest'
import { toFen } from '../../../src/core/money.ts'
import { checkPayment, isUsual } from '../../../src/core/order/payment-check.ts'
import { transition } from '../../../src/core/order/transition.ts'
import {
  anAttempt,
  aBookedPayment,
  aPayment,
  aRecording,
  at,
  aView,
  DAY,
  HOUR,
  OTHER_OPENID,
} from '../../../testing/samples/order-samples.ts'

const ATTEMPT = anAttempt()

describe('a payment', () => {
  it('matches the attempt that it pays', () => {
    expect(checkPayment(ATTEMPT, aPayment(), 'notice')).toBeUndefined()
  })

  it('matches however much coupons paid, since the order amount is compared', () => {
    expect(checkPayment(ATTEMPT, aPayment({ cashFee: toFen(0) }), 'notice')).toBeUndefined()
    expect(checkPayment(ATTEMPT, aPayment({ cashFee: undefined }), 'notice')).toBeUndefined()
  })

  it.each([0, 1, 99, 101, 10_000])('does not match with %i fen instead of 100', (amount) => {
    expect(checkPayment(ATTEMPT, aPayment({ totalFee: toFen(amount) }), 'notice')).toEqual({
      reason: 'amount_mismatch',
      expected: 100,
      got: amount,
    })
  })

  it.each(['USD', 'HKD', 'cny', ''])('does not match with the currency "%s"', (feeType) => {
    expect(checkPayment(ATTEMPT, aPayment({ feeType }), 'notice')).toEqual({
      reason: 'currency_mismatch',
      got: feeType,
    })
  })

  it.each([{ appid: 'wx2421b1c4370ec43b' }, { appid: '' }, { mchId: '1900000109' }, { mchId: '' }])(
    'belongs to another merchant with %o, whatever else it says',
    (account) => {
      const wrong = { reason: 'wrong_merchant' }
      const other = aPayment({ ...account, totalFee: toFen(1), openid: OTHER_OPENID })

      expect(checkPayment(ATTEMPT, aPayment(account), 'notice')).toEqual(wrong)
      expect(checkPayment(ATTEMPT, other, 'query')).toEqual(wrong)
    },
  )

  it('matches an attempt of a former appid if it was made under this appid', () => {
    const former = { appid: 'wx2421b1c4370ec43b' }
    const attempt = anAttempt({ terms: former })

    expect(checkPayment(attempt, aPayment(former), 'notice')).toBeUndefined()
    expect(checkPayment(attempt, aPayment(), 'notice')).toEqual({ reason: 'wrong_merchant' })
  })

  it('is foreign with another openid or none', () => {
    const foreign = { reason: 'foreign_payment', mismatch: 'openid' }

    expect(checkPayment(ATTEMPT, aPayment({ openid: OTHER_OPENID }), 'notice')).toEqual(foreign)
    expect(checkPayment(ATTEMPT, aPayment({ openid: '' }), 'notice')).toEqual(foreign)
  })

  it.each(['NATIVE', 'APP', 'MWEB', 'MICROPAY', 'jsapi', ''])(
    'is foreign with the trade type "%s"',
    (tradeType) => {
      expect(checkPayment(ATTEMPT, aPayment({ tradeType }), 'notice')).toEqual({
        reason: 'foreign_payment',
        mismatch: 'trade_type',
      })
    },
  )

  it('is foreign when it was made before the attempt existed', () => {
    const foreign = { reason: 'foreign_payment', mismatch: 'time_end' }

    expect(checkPayment(ATTEMPT, aPayment({ paidAt: at(-HOUR) }), 'notice')).toEqual(foreign)
    expect(checkPayment(ATTEMPT, aPayment({ paidAt: at(-DAY) }), 'notice')).toEqual(foreign)
  })

  it('matches when the clocks differ by two seconds, and however late it is', () => {
    expect(checkPayment(ATTEMPT, aPayment({ paidAt: at(0) }), 'notice')).toBeUndefined()
    expect(checkPayment(ATTEMPT, aPayment({ paidAt: at(-2) }), 'notice')).toBeUndefined()
    expect(checkPayment(ATTEMPT, aPayment({ paidAt: at(30 * DAY) }), 'notice')).toBeUndefined()
  })

  it('may be foreign when an operator accepts it, but not of another amount or currency', () => {
    const foreign = aPayment({ openid: OTHER_OPENID, tradeType: 'NATIVE', paidAt: at(-DAY) })

    expect(checkPayment(ATTEMPT, foreign, 'operator')).toBeUndefined()
    expect(checkPayment(ATTEMPT, { ...foreign, totalFee: toFen(1) }, 'operator')).toMatchObject({
      reason: 'amount_mismatch',
    })
    expect(checkPayment(ATTEMPT, { ...foreign, feeType: 'USD' }, 'operator')).toMatchObject({
      reason: 'currency_mismatch',
    })
  })

  it('is checked in the same way after a notice and after a query', () => {
    const foreign = aPayment({ openid: OTHER_OPENID })

    expect(checkPayment(ATTEMPT, foreign, 'query')).toEqual(
      checkPayment(ATTEMPT, foreign, 'notice'),
    )
  })

  it('is compared with its attempt, not with the current terms of the order', () => {
    const before = aView(
      { state: 'paying', terms: { ...aView().order.terms, totalFee: toFen(1) } },
      [ATTEMPT],
    )

    const step = transition(before, { type: 'payment_booked', ...aRecording() }, at(60))
    expect(step).toMatchObject({ ok: true, value: { kind: 'changed' } })
  })
})

describe('a payment that does not match', () => {
  it('is refused in every state of the order, even when its number is known', () => {
    const payment = aPayment({ totalFee: toFen(1) })
    const event = { type: 'payment_booked', ...aRecording({ payment }) } as const
    const refused = { ok: false, error: { reason: 'amount_mismatch', expected: 100, got: 1 } }
    const closed = anAttempt({ state: 'closed', closedAt: at(30) })

    expect(transition(aView({ state: 'paying' }, [ATTEMPT]), event, at(60))).toEqual(refused)
    expect(transition(aView({ state: 'closed' }, [closed]), event, at(60))).toEqual(refused)
    const paid = aView({ state: 'paid', transactionId: payment.transactionId }, [
      anAttempt({ state: 'paid' }),
    ])
    const booked = aBookedPayment()
    expect(transition({ ...paid, payments: [booked] }, event, at(60))).toEqual(refused)
  })
})

describe('the fast path of the store', () => {
  it('may record what WeChat reports about a usual payment', () => {
    expect(
      (['notice', 'query', 'bill'] as const).map((source) => isUsual(aPayment(), source)),
    ).toEqual([true, true, true])
  })

  it('never records what its guard does not compare', () => {
    expect(isUsual(aPayment({ feeType: 'USD' }), 'query')).toBe(false)
    expect(isUsual(aPayment({ tradeType: 'MICROPAY' }), 'query')).toBe(false)
    expect(isUsual(aPayment(), 'operator')).toBe(false)
  })
})
