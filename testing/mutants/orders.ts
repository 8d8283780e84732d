/** Bugs in the order's transitions, and in what the shop may request. */
import type { Mutant } from './mutant.ts'

const TRANSITION = [
  'test/core/order/transition.test.ts',
  'test/core/order/transition-payments.test.ts',
  'test/core/order/transition-steps.test.ts',
  'test/core/order/payment-check.test.ts',
]

/** The mutants with bugs in the order's transitions, and in what the shop may request. */
export const ORDER_MUTANTS: readonly Mutant[] = [
  {
    name: 'A payment of less than the price is accepted',
    file: 'core/order/payment-check.ts',
    find: 'payment.totalFee !== terms.totalFee',
    replace: 'payment.totalFee > terms.totalFee',
    tests: TRANSITION,
  },
  {
    name: 'A payment in another currency is accepted',
    file: 'core/order/payment-check.ts',
    find: `payment.feeType !== 'CNY'`,
    replace: 'false',
    tests: TRANSITION,
  },
  {
    name: 'A payment by another person is accepted as the payer’s',
    file: 'core/order/payment-check.ts',
    find: `payment.openid !== terms.openid`,
    replace: 'false',
    tests: TRANSITION,
  },
  {
    name: 'A payment of another trade_type is accepted',
    file: 'core/order/payment-check.ts',
    find: `payment.tradeType !== 'JSAPI'`,
    replace: 'false',
    tests: TRANSITION,
  },
  {
    name: 'A payment made before the attempt existed is accepted',
    file: 'core/order/payment-check.ts',
    find: 'later(payment.paidAt, CLOCK_SKEW_S) < terms.timeStart',
    replace: 'false',
    tests: TRANSITION,
  },
  {
    name: 'An operator can accept a payment with a wrong amount',
    file: 'core/review.ts',
    find: ` || kind === 'unknown_order'`,
    replace: ` || kind !== 'foreign_payment'`,
    tests: ['test/core/order/reviews.test.ts'],
  },
  {
    name: 'A payment for a closed order is not recorded, and the payer’s money is unaccounted for',
    file: 'core/order/payment-transition.ts',
    find: `const late = order.state === 'closed'`,
    replace: `const late = order.state === 'closed'
      if (late) return illegal`,
    tests: TRANSITION,
  },
  {
    name: 'A late payment gets no review',
    file: 'core/order/payment-transition.ts',
    find: `late ? [paymentReview(`,
    replace: `false ? [paymentReview(`,
    tests: TRANSITION,
  },
  {
    name: 'A late payment that will be refunded is announced to the shop as paid',
    file: 'core/order/refund-policy.ts',
    find: `late && policy.latePayment === 'refund'`,
    replace: `false`,
    tests: TRANSITION,
  },
  {
    name: 'An attempt is closed while its unifiedorder is in flight',
    file: 'core/order/transition.ts',
    find: `attempt?.state !== 'open' || isInFlight(attempt, now)`,
    replace: `attempt?.state !== 'open'`,
    tests: TRANSITION,
  },
  {
    name: 'ORDERNOTEXIST is believed while unifiedorder is in flight',
    file: 'core/order/transition.ts',
    find: 'const mayExist = isInFlight(attempt, now) || ',
    replace: 'const mayExist = ',
    tests: TRANSITION,
  },
  {
    name: 'An attempt that was sent again does not count as in flight',
    file: 'core/order/attempt.ts',
    find: `    answeredAt: undefined,
    unansweredAt:`,
    replace: `    unansweredAt:`,
    tests: TRANSITION,
  },
  {
    name: 'The price changes while a payer is at the cashier',
    file: 'core/order/transition.ts',
    find: `it is taken down first.\n  if (isOver(before) || liveAttempt(before) !== undefined)`,
    replace: `it is taken down first.\n  if (isOver(before))`,
    tests: TRANSITION,
  },
  {
    name: 'Every further attempt extends the order’s expiry again',
    file: 'core/order/transition.ts',
    find: 'if (extended && before.order.extended) return illegal',
    replace: '',
    tests: TRANSITION,
  },
  {
    name: 'An order is closed while an attempt can still be paid',
    file: 'core/order/transition.ts',
    find: 'if (liveAttempt(before) !== undefined) return illegal',
    replace: '',
    tests: TRANSITION,
  },
  {
    name: 'A PUT with a changed price is treated as a repetition and ignored',
    file: 'core/order/order.ts',
    find: 'a.totalFee === b.totalFee &&',
    replace: '',
    tests: TRANSITION,
  },
  {
    name: 'If-Match is ignored, so that a PUT overwrites a newer revision',
    file: 'service/order/register-order.ts',
    find: 'revision !== undefined && revision !== order.revision',
    replace: 'false',
    tests: ['test/stories/http.test.ts'],
  },
  {
    name: 'An attempt is sent to WeChat again after another attempt has paid the order',
    file: 'core/order/transition.ts',
    find: `attempt?.state !== 'open' || before.order.state !== 'paying'`,
    replace: `attempt?.state !== 'open'`,
    tests: ['test/core/order/transition-steps.test.ts'],
  },
  {
    name: 'A payment that an operator accepts is recorded by the fast path, which checks its payer again',
    file: 'core/order/payment-check.ts',
    find: ` && source !== 'operator'`,
    replace: '',
    tests: ['test/core/order/payment-check.test.ts'],
  },
]
