import { describe, expect, it } from 'vitest'
import { nextTryAt } from '../../src/core/webhook.ts'
import { HOUR, MINUTE, T0 } from '../../testing/samples/order-samples.ts'

describe('a webhook that the shop did not accept', () => {
  it.each([
    [1, 1 * MINUTE],
    [2, 5 * MINUTE],
    [3, 30 * MINUTE],
    [4, 2 * HOUR],
    [5, 5 * HOUR],
    [6, 10 * HOUR],
    [7, 14 * HOUR],
    [8, 20 * HOUR],
    [9, 24 * HOUR],
  ])('is tried again, after try %i, in %i seconds', (step, pause) => {
    const next = nextTryAt(step, T0)

    expect(next === undefined ? undefined : next - T0).toBe(pause)
  })

  it('is given up after ten tries', () => {
    expect(nextTryAt(10, T0)).toBeUndefined()
    expect(nextTryAt(11, T0)).toBeUndefined()
  })
})
