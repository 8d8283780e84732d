import { describe, expect, it } from 'vitest'
import { isRetryable } from '../../../src/core/order/rejection.ts'

describe('a rejected event', () => {
  it('may be applied later after a lost race, or when the order does not allow it yet', () => {
    expect(isRetryable('contended')).toBe(true)
    expect(isRetryable('illegal_transition')).toBe(true)
  })

  it.each(['unknown_order', 'amount_mismatch', 'second_payment', 'refund_conflict', ''])(
    'because of %j is never applied',
    (reason) => {
      expect(isRetryable(reason)).toBe(false)
    },
  )
})
