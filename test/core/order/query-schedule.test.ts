import { describe, expect, it } from 'vitest'
import { nextQueryAfterCloseAt, nextQueryAt } from '../../../src/core/order/schedule.ts'
import { at, DAY, HOUR, MINUTE, T0 } from '../../../testing/samples/order-samples.ts'

/** Seconds after unifiedorder at which WeChat is queried. */
const TIMES = [1, 2, 3, 5, 10, 20, 30, 60, 120, 180, 240].map((minutes) => minutes * MINUTE)

describe('the query schedule', () => {
  it('queries after 1, 2, 3, 5, 10, 20, 30 and 60 minutes, then every hour', () => {
    const queried: number[] = []
    let now = T0
    while (queried.length < TIMES.length) {
      now = nextQueryAt(T0, now)
      queried.push(now - T0)
    }

    expect(queried).toEqual(TIMES)
  })

  it.each([
    [0, 1 * MINUTE],
    [59, 1 * MINUTE],
    [60, 2 * MINUTE],
    [61, 2 * MINUTE],
    [4 * MINUTE, 5 * MINUTE],
    [29 * MINUTE + 59, 30 * MINUTE],
    [30 * MINUTE, 60 * MINUTE],
    [59 * MINUTE + 59, 60 * MINUTE],
    [60 * MINUTE, 120 * MINUTE],
    [119 * MINUTE, 120 * MINUTE],
    [6 * DAY, 6 * DAY + HOUR],
  ])('has, %i s after unifiedorder, its next query at %i s', (elapsed, next) => {
    expect(nextQueryAt(T0, at(elapsed)) - T0).toBe(next)
  })

  it('queries once after an outage of any length, at its next time', () => {
    for (let elapsed = 0; elapsed <= 8 * DAY; elapsed += 601) {
      const next = nextQueryAt(T0, at(elapsed)) - T0

      expect(next).toBeGreaterThan(elapsed)
      expect(next - elapsed).toBeLessThanOrEqual(HOUR)
      expect(TIMES.includes(next) || next % HOUR === 0).toBe(true)
    }
  })

  it('starts with its first time when the clock went back', () => {
    expect(nextQueryAt(T0, at(-90))).toBe(at(MINUTE))
  })
})

describe('a closed attempt', () => {
  it.each([
    [0, 10 * MINUTE],
    [10 * MINUTE - 1, 10 * MINUTE],
    [10 * MINUTE, DAY],
    [HOUR, DAY],
    [DAY - 1, DAY],
    [DAY, undefined],
    [30 * DAY, undefined],
  ])('has, %i s after its close, its next query at %s s', (elapsed, next) => {
    expect(nextQueryAfterCloseAt(T0, at(elapsed))).toBe(next === undefined ? undefined : at(next))
  })
})
