import { describe, expect, it } from 'vitest'
import {
  hasUsablePrepay,
  isInFlight,
  isLive,
  knowsCode,
  mayBeOurs,
  prepayExpiry,
} from '../../../src/core/order/attempt.ts'
import { anAttempt, at, HOUR, MINUTE, T0 } from '../../../testing/samples/order-samples.ts'

describe('an attempt', () => {
  it('can be paid while it is open or closing', () => {
    expect(isLive(anAttempt({ state: 'open' }))).toBe(true)
    expect(isLive(anAttempt({ state: 'closing' }))).toBe(true)
    expect(isLive(anAttempt({ state: 'closed' }))).toBe(false)
    expect(isLive(anAttempt({ state: 'paid' }))).toBe(false)
  })

  it('counts as in flight for a minute when it was sent and not answered', () => {
    const unanswered = anAttempt({ answeredAt: undefined, prepayId: undefined })

    expect(isInFlight(unanswered, T0)).toBe(true)
    expect(isInFlight(unanswered, at(59))).toBe(true)
    expect(isInFlight(unanswered, at(60))).toBe(false)
    expect(isInFlight(unanswered, at(HOUR))).toBe(false)
  })

  it('is in flight again after it was sent again', () => {
    const resent = anAttempt({ sentAt: at(HOUR), answeredAt: undefined })

    expect(isInFlight(resent, at(HOUR + 59))).toBe(true)
    expect(isInFlight(resent, at(HOUR + 60))).toBe(false)
  })

  it('is not in flight once it was answered', () => {
    expect(isInFlight(anAttempt({ answeredAt: at(1) }), at(1))).toBe(false)
  })
})

describe('an order at WeChat under the number of an attempt', () => {
  const refused = { prepayId: undefined, prepayExpiresAt: undefined }

  it('may be ours when WeChat issued a prepay_id, or a call went unanswered', () => {
    expect(mayBeOurs(anAttempt())).toBe(true)
    expect(mayBeOurs(anAttempt({ ...refused, answeredAt: undefined }))).toBe(true)
    expect(mayBeOurs(anAttempt({ ...refused, unansweredAt: T0 }))).toBe(true)
  })

  it('is not ours when WeChat refused every call', () => {
    expect(mayBeOurs(anAttempt(refused))).toBe(false)
  })
})

describe('a prepay_id', () => {
  it('expires after two hours, or together with its attempt', () => {
    const day = anAttempt({ terms: { timeExpire: at(24 * HOUR) } })
    const hour = anAttempt({ terms: { timeExpire: at(HOUR) } })

    expect(prepayExpiry(day, at(5))).toBe(at(2 * HOUR + 5))
    expect(prepayExpiry(hour, at(5))).toBe(at(HOUR))
    expect(prepayExpiry(day, at(23 * HOUR))).toBe(at(24 * HOUR))
  })

  it('is usable with at least five minutes left', () => {
    const attempt = anAttempt({ prepayExpiresAt: at(2 * HOUR) })

    expect(hasUsablePrepay(attempt, T0)).toBe(true)
    expect(hasUsablePrepay(attempt, at(2 * HOUR - 5 * MINUTE))).toBe(true)
    expect(hasUsablePrepay(attempt, at(2 * HOUR - 5 * MINUTE + 1))).toBe(false)
    expect(hasUsablePrepay(attempt, at(3 * HOUR))).toBe(false)
  })

  it('is not usable when it is missing', () => {
    expect(hasUsablePrepay(anAttempt({ prepayId: undefined }), T0)).toBe(false)
    expect(hasUsablePrepay(anAttempt({ prepayExpiresAt: undefined }), T0)).toBe(false)
  })
})

describe('a repeated login code', () => {
  it('is recognised for five minutes', () => {
    const attempt = anAttempt({ codeHash: 'h', codeAt: T0 })

    expect(knowsCode(attempt, 'h', T0)).toBe(true)
    expect(knowsCode(attempt, 'h', at(5 * MINUTE - 1))).toBe(true)
    expect(knowsCode(attempt, 'h', at(5 * MINUTE))).toBe(false)
  })

  it('is not confused with another code', () => {
    expect(knowsCode(anAttempt({ codeHash: 'h', codeAt: T0 }), 'other', T0)).toBe(false)
    expect(knowsCode(anAttempt({ codeHash: undefined, codeAt: T0 }), 'h', T0)).toBe(false)
    expect(knowsCode(anAttempt({ codeHash: 'h', codeAt: undefined }), 'h', T0)).toBe(false)
  })
})
