import { describe, expect, it } from 'vitest'
import { nextQueryAfterCloseAt, nextQueryAt } from '../../../src/core/order/schedule.ts'
import { at, DAY, HOUR, MINUTE, T0 } from '../../../testing/samples/order-samples.ts'

/** Seconds from the beginning at which WeChat is asked. */
const RUNGS = [1, 2, 3, 5, 10, 20, 30, 60, 120, 180, 240].map((minutes) => minutes * MINUTE)

describe('the query ladder', () => {
  it('asks after 1, 2, 3, 5, 10, 20, 30 and 60 minutes, then every hour', () => {
    const asked: number[] = []
    let now = T0
    while (asked.length < RUNGS.length) {
      now = nextQueryAt(T0, now)
      asked.push(now - T0)
    }

    expect(asked).toEqual(RUNGS)
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
  ])('%i s after the beginning asks at %i s', (elapsed, next) => {
    expect(nextQueryAt(T0, at(elapsed)) - T0).toBe(next)
  })

  it('after an outage of any length asks once, at the next rung', () => {
    for (let elapsed = 0; elapsed <= 8 * DAY; elapsed += 601) {
      const next = nextQueryAt(T0, at(elapsed)) - T0

      expect(next).toBeGreaterThan(elapsed)
      expect(next - elapsed).toBeLessThanOrEqual(HOUR)
      expect(RUNGS.includes(next) || next % HOUR === 0).toBe(true)
    }
  })

  it('asks at the first rung when the clock went back', () => {
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
  ])('%i s after its close is looked at again at %s s', (elapsed, next) => {
    expect(nextQueryAfterCloseAt(T0, at(elapsed))).toBe(next === undefined ? undefined : at(next))
  })
})
