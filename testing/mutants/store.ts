/** The statements that write an order, a payment, a review, and what hangs on them. */
import type { Mutant } from './mutant.ts'

const STORE = ['test/store/order/orders.test.ts']
const NOTICES = ['test/stories/pay/notices.test.ts']
const STALE = ['test/store/order/stale-commit.test.ts']

export const WRITING_MUTANTS: readonly Mutant[] = [
  {
    name: 'a second payment is forgotten',
    file: 'service/order/record-payment.ts',
    find: `applied.error.reason !== 'second_payment'`,
    replace: 'true',
    tests: ['test/stories/review/reviews.test.ts'],
  },
  {
    name: 'booking by one statement does not look at the amount',
    file: 'store/order/record-payment.ts',
    find: 'attempts.total_fee = ?',
    replace: '(attempts.total_fee = ? OR 1)',
    tests: [...STORE, ...NOTICES],
  },
  {
    name: 'booking by one statement does not look at the payer',
    file: 'store/order/record-payment.ts',
    find: 'attempts.openid = ?',
    replace: '(attempts.openid = ? OR 1)',
    tests: [...STORE, ...NOTICES],
  },
  {
    name: 'booking by one statement does not look at the time',
    file: 'store/order/record-payment.ts',
    find: 'attempts.time_start <= ?',
    replace: '(attempts.time_start <= ? OR 1)',
    tests: [...STORE, ...NOTICES],
  },
  {
    name: 'booking by one statement does not look at the currency',
    file: 'service/order/record-payment.ts',
    find: `payment.feeType === 'CNY' && `,
    replace: '',
    tests: NOTICES,
  },
  {
    name: 'booking by one statement does not look at the kind of payment',
    file: 'service/order/record-payment.ts',
    find: `payment.tradeType === 'JSAPI' && `,
    replace: '',
    tests: NOTICES,
  },
  {
    name: 'one payment is booked twice',
    file: 'store/order/record-payment.ts',
    find: 'AND NOT EXISTS (SELECT 1 FROM payments WHERE transaction_id = ?)',
    replace: 'AND ? IS NOT NULL',
    tests: [...STORE, ...NOTICES],
  },
  {
    name: 'a duplicate notice books again what hangs on the payment',
    file: 'store/order/record-payment.ts',
    find: `AND EXISTS (SELECT 1 FROM orders WHERE ordercode = ? AND state = 'paying')`,
    replace: 'AND ? IS NOT NULL',
    tests: [...STORE, ...NOTICES],
  },
  {
    name: 'the shop is never told of a payment',
    file: 'store/order/record-payment.ts',
    find: `FROM orders WHERE ordercode = ? AND \${entered.sql}\`,\n      params: [...Object.values(delivery)`,
    replace: `FROM orders WHERE ordercode = ? AND 0 AND \${entered.sql}\`,\n      params: [...Object.values(delivery)`,
    tests: ['test/stories/webhook/delivering.test.ts'],
  },
  {
    name: 'a late order.closed overwrites order.paid in the shop',
    file: 'store/order/record-payment.ts',
    find: `.join(', ')}, revision + 1`,
    replace: `.join(', ')}, revision`,
    tests: ['test/stories/webhook/delivering.test.ts'],
  },
  {
    name: 'another attempt of a paid order stays payable for a week',
    file: 'store/order/record-payment.ts',
    find: 'makeOthersDue(ordercode, number, now, entered)',
    replace: 'makeOthersDue(ordercode, number, later(now, 604_800), entered)',
    tests: ['test/store/order/due.test.ts'],
  },
  {
    name: 'a change is written over what somebody else wrote meanwhile',
    file: 'store/order/orders.ts',
    find: 'WHERE ordercode = ? AND revision = ?)',
    replace: 'WHERE ordercode = ? AND revision >= ?)',
    tests: STORE,
  },
  {
    name: 'an event is written for what did not happen',
    file: 'store/order/orders.ts',
    find: `insertIf('events', eventRow(before, after, event, now), guard)`,
    replace: `insertIf('events', eventRow(before, after, event, now), { sql: '1', params: [] })`,
    tests: [...STALE, ...STORE],
  },
  {
    name: 'the shop is told of what did not happen',
    file: 'store/order/orders.ts',
    find: `insertOnce('deliveries', deliveryRow(webhook, now, hasTarget), guard)`,
    replace: `insertIf('deliveries', deliveryRow(webhook, now, hasTarget), { sql: '1', params: [] })`,
    tests: [...STALE, ...STORE],
  },
  {
    name: 'a review is opened of what did not happen',
    file: 'store/order/orders.ts',
    find: `insertOnce('reviews', reviewRow(review, now), guard)`,
    replace: `insertIf('reviews', reviewRow(review, now), { sql: '1', params: [] })`,
    tests: [...STALE, ...STORE],
  },
  {
    name: 'a payment is entered by a change that lost',
    file: 'store/order/orders.ts',
    find: `insertIf('payments', paymentRow(payment, after.order.transactionId), guard)`,
    replace: `insertIf('payments', paymentRow(payment, after.order.transactionId), { sql: '1', params: [] })`,
    tests: [...STALE, ...STORE],
  },
  {
    name: 'an attempt is opened by a change that lost',
    file: 'store/order/orders.ts',
    find: `[insertIf('attempts', row, guard)]`,
    replace: `[insertIf('attempts', row, { sql: '1', params: [] })]`,
    tests: [...STALE, ...STORE],
  },
  {
    name: 'an attempt is changed by a change that lost',
    file: 'store/order/orders.ts',
    find: `['ordercode', 'number'], guard)`,
    replace: `['ordercode', 'number'], { sql: '1', params: [] })`,
    tests: [...STALE, ...STORE],
  },
  {
    name: 'a review is opened again for each repetition of WeChat',
    file: 'store/reviews.ts',
    find: `sql: 'NOT EXISTS (SELECT 1 FROM reviews WHERE id = ?)'`,
    replace: `sql: '? IS NOT NULL'`,
    tests: ['test/stories/review/reviews.test.ts'],
  },
  {
    name: 'a resolved review is resolved over again with another word',
    file: 'store/reviews.ts',
    find: 'WHERE id = ?1 AND resolved_at IS NULL',
    replace: 'WHERE id = ?1',
    tests: ['test/store/reviews.test.ts', 'test/stories/review/reviews.test.ts'],
  },
]
