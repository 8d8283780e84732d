import { describe, expect, it } from 'vitest'
import { Pace } from '../../src/lib/pace.ts'

describe('a pace', () => {
  it('lets a key through once in each interval, and every key for itself', () => {
    const pace = new Pace(3, 10)
    expect([100, 100, 102, 103, 105, 106].map((at) => pace.admit('a', at))).toEqual([
      true,
      false,
      false,
      true,
      false,
      true,
    ])
    expect(pace.admit('b', 106)).toBe(true)
  })

  it('counts from the last time that the key was let through, not from the last request', () => {
    const pace = new Pace(3, 10)
    const admitted = Array.from({ length: 31 }, (_, at) => pace.admit('a', at))
    expect(admitted.filter(Boolean)).toHaveLength(11)
  })

  it('lets a key through after the clock was set back by an interval or more', () => {
    const pace = new Pace(3, 10)
    pace.admit('a', 1_000)
    expect(pace.admit('a', 998)).toBe(false)
    expect(pace.admit('a', 500)).toBe(true)
  })

  it('forgets the key that was let through the longest ago, when there are too many', () => {
    const pace = new Pace(100, 2)
    pace.admit('a', 1)
    pace.admit('b', 2)
    pace.admit('a', 101)
    pace.admit('c', 102)
    expect(pace.admit('a', 102)).toBe(false)
    expect(pace.admit('b', 102)).toBe(true)
  })
})
