import { describe, expect, it } from 'vitest'
import { Throttle } from '../../src/lib/throttle.ts'

describe('a throttle', () => {
  it('lets the first event through, and one in each interval with the number of all since', () => {
    const throttle = new Throttle(10)

    expect(throttle.admit(50)).toBe(1)
    expect([50, 55, 59.999].map((at) => throttle.admit(at))).toEqual([
      undefined,
      undefined,
      undefined,
    ])
    expect(throttle.admit(60)).toBe(4)
    expect(throttle.admit(69)).toBeUndefined()
    expect(throttle.admit(99)).toBe(2)
  })
})
