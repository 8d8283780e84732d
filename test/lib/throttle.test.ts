import { describe, expect, it } from 'vitest'
import { Throttle } from '../../src/lib/throttle.ts'

describe('a throttle', () => {
  it('lets the first event through, and one in each interval with the number of all since', () => {
    const throttle = new Throttle(10_000)

    expect(throttle.admit(50_000)).toBe(1)
    expect([50_000, 55_000, 59_999].map((at) => throttle.admit(at))).toEqual([
      undefined,
      undefined,
      undefined,
    ])
    expect(throttle.admit(60_000)).toBe(4)
    expect(throttle.admit(69_999)).toBeUndefined()
    expect(throttle.admit(99_000)).toBe(2)
  })
})
