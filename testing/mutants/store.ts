/** Bugs in the statements that write orders, payments and reviews with their events and webhooks. */
import type { Mutant } from './mutant.ts'

const STORE = ['test/store/order/orders.test.ts']
const NOTICES = ['test/stories/pay/notices.test.ts']
const DECIDERS = ['test/store/order/two-deciders.test.ts']
const REVIEWS = ['test/store/reviews.test.ts']
const STALE = ['test/store/order/stale-commit.test.ts']

/** The mutants with bugs in the statements of the store. */
export const STORE_MUTANTS: readonly Mutant[] = [
  {
    name: 'A second payment for an order is not recorded',
    file: 'service/order/record-payment.ts',
    find: `applied.error.reason !== 'second_payment'`,
    replace: 'true',
    tests: ['test/stories/review/reviews.test.ts'],
  },
  {
    name: 'The fast path that records a payment in one batch does not check the amount',
    file: 'store/order/record-payment.ts',
    find: 'attempts.total_fee = ?',
    replace: '(attempts.total_fee = ? OR 1)',
    tests: [...STORE, ...NOTICES],
  },
  {
    name: 'The fast path that records a payment in one batch does not check the payer',
    file: 'store/order/record-payment.ts',
    find: 'attempts.openid = ?',
    replace: '(attempts.openid = ? OR 1)',
    tests: [...STORE, ...NOTICES],
  },
  {
    name: 'The fast path that records a payment in one batch does not check the time',
    file: 'store/order/record-payment.ts',
    find: 'attempts.time_start <= ?',
    replace: '(attempts.time_start <= ? OR 1)',
    tests: [...STORE, ...NOTICES],
  },
  {
    name: 'The fast path that records a payment in one batch does not check the currency',
    file: 'core/order/payment-check.ts',
    find: `payment.feeType === 'CNY' && `,
    replace: '',
    tests: NOTICES,
  },
  {
    name: 'The fast path that records a payment in one batch does not check the trade_type',
    file: 'core/order/payment-check.ts',
    find: `payment.tradeType === 'JSAPI' && `,
    replace: '',
    tests: NOTICES,
  },
  {
    name: 'One payment is recorded twice',
    file: 'store/order/record-payment.ts',
    find: 'AND NOT EXISTS (SELECT 1 FROM payments WHERE transaction_id = ?)',
    replace: 'AND ? IS NOT NULL',
    tests: [...STORE, ...NOTICES],
  },
  {
    name: 'A duplicate notice writes the event and the webhook of a payment again',
    file: 'store/order/record-payment.ts',
    find: `AND EXISTS (SELECT 1 FROM orders WHERE ordercode = ? AND state = 'paying')`,
    replace: 'AND ? IS NOT NULL',
    tests: [...STORE, ...NOTICES],
  },
  {
    name: 'The shop receives no webhook about a payment',
    file: 'store/order/record-payment.ts',
    find: `FROM orders WHERE ordercode = ? AND \${entered.sql}\`,\n      params: [...Object.values(delivery)`,
    replace: `FROM orders WHERE ordercode = ? AND 0 AND \${entered.sql}\`,\n      params: [...Object.values(delivery)`,
    tests: ['test/stories/webhook/delivering.test.ts'],
  },
  {
    name: 'Recording a payment does not increase the revision, so that a late order.closed overwrites order.paid in the shop',
    file: 'store/order/record-payment.ts',
    find: `.join(', ')}, revision + 1`,
    replace: `.join(', ')}, revision`,
    tests: ['test/stories/webhook/delivering.test.ts'],
  },
  {
    name: 'Another attempt of a paid order stays payable for a week',
    file: 'store/order/record-payment.ts',
    find: 'makeOthersDue(ordercode, number, now, entered)',
    replace: 'makeOthersDue(ordercode, number, later(now, 604_800), entered)',
    tests: ['test/store/order/due.test.ts'],
  },
  {
    name: 'A change overwrites a concurrent change of the same order',
    file: 'store/order/orders.ts',
    find: 'WHERE ordercode = ? AND revision = ?)',
    replace: 'WHERE ordercode = ? AND revision >= ?)',
    tests: STORE,
  },
  {
    name: 'A change that lost a race still writes its event',
    file: 'store/order/orders.ts',
    find: `insertIf('events', eventRow(before, after, event, now), guard)`,
    replace: `insertIf('events', eventRow(before, after, event, now), { sql: '1', params: [] })`,
    tests: [...STALE, ...STORE],
  },
  {
    name: 'A change that lost a race still sends its webhook',
    file: 'store/order/orders.ts',
    find: `insertOnce('deliveries', deliveryRow(webhook, now, hasTarget), guard)`,
    replace: `insertIf('deliveries', deliveryRow(webhook, now, hasTarget), { sql: '1', params: [] })`,
    tests: [...STALE, ...STORE],
  },
  {
    name: 'A change that lost a race still opens its review',
    file: 'store/order/orders.ts',
    find: 'reviewStatements(review, opening, guard)',
    replace: 'reviewStatements(review, opening)',
    tests: [...STALE, ...STORE],
  },
  {
    name: 'A change that lost a race still inserts its payment',
    file: 'store/order/orders.ts',
    find: `insertIf('payments', paymentRow(payment, after.order.transactionId), guard)`,
    replace: `insertIf('payments', paymentRow(payment, after.order.transactionId), { sql: '1', params: [] })`,
    tests: [...STALE, ...STORE],
  },
  {
    name: 'A change that lost a race still opens its attempt',
    file: 'store/order/orders.ts',
    find: `[insertIf('attempts', row, guard)]`,
    replace: `[insertIf('attempts', row, { sql: '1', params: [] })]`,
    tests: [...STALE, ...STORE],
  },
  {
    name: 'A change that lost a race still changes its attempt',
    file: 'store/order/orders.ts',
    find: `['ordercode', 'number'], guard)`,
    replace: `['ordercode', 'number'], { sql: '1', params: [] })`,
    tests: [...STALE, ...STORE],
  },
  {
    name: 'Every repeated notice opens another review once the first is resolved',
    file: 'store/d1/outbox.ts',
    find: `never: 'true'`,
    replace: `never: 'resolved_at IS NULL'`,
    tests: REVIEWS,
  },
  {
    name: 'One refund that failed has two open reviews',
    file: 'store/d1/outbox.ts',
    find: `each_time: 'resolved_at IS NULL'`,
    replace: `each_time: 'false'`,
    tests: REVIEWS,
  },
  {
    name: 'The webhook of an old review is sent again once its row was swept',
    file: 'store/d1/outbox.ts',
    find: 'resolved_at IS NULL AND opened_at = ?',
    replace: 'resolved_at IS NULL AND ? > 0',
    tests: REVIEWS,
  },
  {
    name: 'A second failure of an automatic refund is silent',
    file: 'core/review.ts',
    find: `refund_failed: 'each_time'`,
    replace: `refund_failed: 'never'`,
    tests: REVIEWS,
  },
  {
    name: 'A resolved review can be resolved again with another decision',
    file: 'store/reviews.ts',
    find: 'WHERE id = ?1 AND resolved_at IS NULL',
    replace: 'WHERE id = ?1',
    tests: ['test/store/reviews.test.ts', 'test/stories/review/reviews.test.ts'],
  },
  {
    name: 'The fast path records a payment at a price that the shop has changed since as if it were current',
    file: 'store/order/record-payment.ts',
    find: 'AND attempts.total_fee = orders.total_fee',
    replace: '',
    tests: DECIDERS,
  },
  {
    name: 'The fast path records a payment of a payer whom the shop has replaced since as if it were current',
    file: 'store/order/record-payment.ts',
    find: 'AND (orders.openid IS NULL OR orders.openid = attempts.openid)',
    replace: '',
    tests: DECIDERS,
  },
  {
    name: 'One payment gets more refunds than WeChat allows, and WeChat refuses them all',
    file: 'store/order/reserve-refund.ts',
    find: "AND state <> 'refused') < ?6",
    replace: "AND state <> 'refused') <= ?6",
    tests: DECIDERS,
  },
]
