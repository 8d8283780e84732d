import { describe, expect, it } from 'vitest'
import {
  isAnnounced,
  keepsAttemptOpen,
  mayAccept,
  mayRefund,
  RECURRENCE,
  type Recurrence,
  reviewId,
  type ReviewKind,
} from '../../src/core/review.ts'

type Rules = readonly [recurrence: Recurrence, actions: string, keepsAttemptOpen: boolean]

/** What docs/operations.md says of each kind: when it comes again, what the operator can do, what waits for it. */
const RULES: Readonly<Record<ReviewKind, Rules>> = {
  amount_mismatch: ['never', '', true],
  currency_mismatch: ['never', '', true],
  unknown_order: ['never', 'accept', false],
  foreign_payment: ['never', 'accept refund', true],
  transaction_conflict: ['if_changed', '', true],
  late_payment: ['each_time', 'refund', false],
  second_payment: ['each_time', 'refund', false],
  partly_returned: ['never', 'refund', false],
  refund_abnormal: ['each_time', '', false],
  refund_overdue: ['never', '', false],
  refund_waiting: ['if_changed', '', false],
  refund_failed: ['each_time', 'accept', false],
  refund_conflict: ['if_changed', '', false],
  bill_difference: ['if_changed', '', false],
  webhook_given_up: ['each_time', '', false],
  other_merchant: ['if_changed', '', false],
}

describe('a review', () => {
  it.each(Object.entries(RULES) as [ReviewKind, Rules][])(
    'of kind %s follows its rules',
    (kind, [recurrence, actions, keepsOpen]) => {
      expect(RECURRENCE[kind]).toBe(recurrence)
      expect(mayAccept(kind)).toBe(actions.includes('accept'))
      expect(mayRefund(kind)).toBe(actions.includes('refund'))
      expect(keepsAttemptOpen(kind)).toBe(keepsOpen)
    },
  )

  it('is announced by a webhook, unless it is about a webhook', () => {
    const silent = (Object.keys(RULES) as ReviewKind[]).filter((kind) => !isAnnounced(kind))
    expect(silent).toEqual(['webhook_given_up'])
  })

  it('has its kind and its subject as its id', () => {
    expect(reviewId({ kind: 'late_payment', subject: '42' })).toBe('late_payment.42')
  })
})
