import { describe, expect, it } from 'vitest'
import {
  attemptDueAt,
  expiredOrderDueAt,
  orderDueAt,
  unansweredAttemptDueAt,
} from '../../../src/core/order/schedule.ts'
import {
  anAttempt,
  anOrder,
  at,
  DAY,
  HOUR,
  MINUTE,
} from '../../../testing/samples/order-samples.ts'

describe('an order', () => {
  it('is due at its expiry while it is neither paid nor closed', () => {
    expect(orderDueAt(anOrder({ state: 'created' }))).toBe(at(2 * HOUR))
    expect(orderDueAt(anOrder({ state: 'paying' }))).toBe(at(2 * HOUR))
    expect(orderDueAt(anOrder({ state: 'paid' }))).toBeUndefined()
    expect(orderDueAt(anOrder({ state: 'closed' }))).toBeUndefined()
  })

  it('follows the query schedule from its expiry when it could not be closed then', () => {
    const order = anOrder({ state: 'paying' })

    expect(expiredOrderDueAt(order, at(2 * HOUR))).toBe(at(2 * HOUR + MINUTE))
    expect(expiredOrderDueAt(order, at(2 * HOUR + 4 * MINUTE))).toBe(at(2 * HOUR + 5 * MINUTE))
    expect(expiredOrderDueAt(order, at(3 * DAY))).toBe(at(3 * DAY + HOUR))
  })

  it('is due at its expiry when that is still ahead, and never when it is paid or closed', () => {
    expect(expiredOrderDueAt(anOrder({ state: 'paying' }), at(HOUR))).toBe(at(2 * HOUR))
    expect(expiredOrderDueAt(anOrder({ state: 'paid' }), at(3 * HOUR))).toBeUndefined()
    expect(expiredOrderDueAt(anOrder({ state: 'closed' }), at(3 * HOUR))).toBeUndefined()
  })
})

describe('an open attempt', () => {
  it('follows the query schedule from its last unifiedorder', () => {
    expect(attemptDueAt(anAttempt(), at(0))).toBe(at(MINUTE))
    expect(attemptDueAt(anAttempt(), at(5 * MINUTE))).toBe(at(10 * MINUTE))
    const resent = anAttempt({ sentAt: at(30 * MINUTE) })
    expect(attemptDueAt(resent, at(30 * MINUTE))).toBe(at(31 * MINUTE))
  })

  it('is left to its order from its expiry on', () => {
    const attempt = anAttempt({ terms: { timeExpire: at(HOUR) } })

    expect(attemptDueAt(attempt, at(20 * MINUTE))).toBe(at(30 * MINUTE))
    expect(attemptDueAt(attempt, at(30 * MINUTE))).toBeUndefined()
    expect(attemptDueAt(attempt, at(2 * HOUR))).toBeUndefined()
  })

  it('follows the same schedule when WeChat did not answer', () => {
    expect(unansweredAttemptDueAt(anAttempt(), at(3 * MINUTE))).toBe(at(5 * MINUTE))
  })
})

describe('a closing attempt', () => {
  it('is due within a minute until it is closed', () => {
    for (const now of [at(0), at(2 * HOUR), at(8 * DAY)]) {
      const due = attemptDueAt(anAttempt({ state: 'closing' }), now) ?? Number.POSITIVE_INFINITY

      expect(due).toBeGreaterThan(now)
      expect(due).toBeLessThanOrEqual(now + MINUTE)
    }
  })
})

describe('a closed attempt', () => {
  const closed = anAttempt({ state: 'closed', closedAt: at(HOUR) })

  it('is due ten minutes and one day after its close, and then never', () => {
    expect(attemptDueAt(closed, at(HOUR))).toBe(at(HOUR + 10 * MINUTE))
    expect(attemptDueAt(closed, at(HOUR + 10 * MINUTE))).toBe(at(HOUR + DAY))
    expect(attemptDueAt(closed, at(HOUR + DAY))).toBeUndefined()
  })

  it('is queried again soon when WeChat did not answer, even after a day', () => {
    expect(unansweredAttemptDueAt(closed, at(HOUR + 10 * MINUTE))).toBe(at(HOUR + 20 * MINUTE))
    expect(unansweredAttemptDueAt(closed, at(HOUR + DAY))).toBe(at(HOUR + DAY + HOUR))
  })
})

describe('a paid attempt', () => {
  it('is never due', () => {
    expect(attemptDueAt(anAttempt({ state: 'paid' }), at(0))).toBeUndefined()
    expect(unansweredAttemptDueAt(anAttempt({ state: 'paid' }), at(0))).toBeUndefined()
  })
})
