/** Orders in D1. The only place where an order is written. */
import type { Change } from '../../core/order/change.ts'
import { attemptDue, orderDue, owesRefunds } from '../../core/order/schedule.ts'
import { parseOutTradeNo, type TransactionId } from '../../core/ids.ts'
import type { Order, OrderEvent, OrderView, Returned, Terms } from '../../core/order/order.ts'
import type { BookedPayment, Payment, Source } from '../../core/order/payment.ts'
import { invariant } from '../../lib/result.ts'
import { later, type UnixSeconds } from '../../core/time.ts'
import { CLOCK_SKEW_S } from '../../core/order/payment-check.ts'
import type { Webhook } from '../../core/webhook.ts'
import type { Database, Statement, Value } from '../d1/database.ts'
import { eventData } from './event-data.ts'
import { refundChanges } from './refunds.ts'
import { keyOf, orNull, rowFromAttempt, rowFromOrder } from './rows.ts'
import { insertIf, insertOnce, statement, updateIf, type Guard } from '../d1/sql.ts'
import { deliveryRow, reviewRow } from '../d1/outbox.ts'
import { viewFrom, viewStatements } from './views.ts'

export async function register(
  db: Database,
  ordercode: string,
  terms: Terms,
  now: UnixSeconds,
): Promise<Readonly<{ created: boolean; view: OrderView }>> {
  const order: Order = {
    ordercode,
    state: 'created',
    revision: 1,
    terms,
    createdAt: now,
    expiresAt: later(now, terms.expiresIn),
    extended: false,
    transactionId: undefined,
    paidAt: undefined,
    closedAt: undefined,
  }
  const absent: Guard = {
    sql: 'NOT EXISTS (SELECT 1 FROM orders WHERE ordercode = ?)',
    params: [ordercode],
  }
  const [inserted, , ...view] = await db.batch([
    insertIf('orders', rowFromOrder(order, orderDue(order)), absent),
    statement(
      `INSERT INTO events (ordercode, revision, type, at, data)
       SELECT ?1, 1, 'order_registered', ?2, ?3
       WHERE NOT EXISTS (SELECT 1 FROM events WHERE ordercode = ?1 AND revision = 1)`,
      ordercode,
      now,
      JSON.stringify({ total_fee: terms.totalFee }),
    ),
    ...viewStatements(ordercode),
  ])
  const stored = viewFrom(view)
  invariant(stored !== undefined, 'an order that was registered can be read')
  return { created: inserted?.changes === 1, view: stored }
}

export async function commit(
  db: Database,
  before: OrderView,
  event: OrderEvent,
  change: Change,
  now: UnixSeconds,
  hasTarget: boolean,
): Promise<'stored' | 'stale'> {
  const { after } = change
  const { ordercode, revision } = before.order
  const guard: Guard = {
    sql: 'EXISTS (SELECT 1 FROM orders WHERE ordercode = ? AND revision = ?)',
    params: [ordercode, revision],
  }
  const statements = [
    ...attemptChanges(before, after, now, guard),
    ...after.payments
      .slice(before.payments.length)
      .map((payment) =>
        insertIf('payments', paymentRow(payment, after.order.transactionId), guard),
      ),
    ...refundChanges(before, after, now, guard),
    ...change.reviews.map((review) => insertOnce('reviews', reviewRow(review, now), guard)),
    ...change.webhooks.map((webhook) =>
      insertOnce('deliveries', deliveryRow(webhook, now, hasTarget), guard),
    ),
    insertIf('events', eventRow(before, after, event, now), guard),
    ...(event.type === 'payment_booked'
      ? [makeOthersDue(ordercode, keyOf(event.payment.outTradeNo).number, now, guard)]
      : []),
    // Last: it makes the guard false, for a repetition as for everybody else.
    updateIf(
      'orders',
      rowFromOrder(before.order, orderDue(before.order)),
      rowFromOrder(after.order, orderDue(after.order)),
      ['ordercode'],
      guard,
    ),
  ]
  const outcomes = await db.batch(statements)
  return outcomes.at(-1)?.changes === 1 ? 'stored' : 'stale'
}

export async function book(
  db: Database,
  payment: Payment,
  source: Source,
  returned: Returned,
  now: UnixSeconds,
  hasTarget: boolean,
): Promise<Readonly<{ booked: boolean; view: OrderView | undefined }>> {
  const ours = parseOutTradeNo(payment.outTradeNo)
  if (ours === undefined) return { booked: false, view: undefined }
  const { ordercode, number } = ours

  const fits: Guard = {
    sql: `EXISTS (
        SELECT 1 FROM attempts JOIN orders USING (ordercode)
        WHERE ordercode = ? AND number = ? AND orders.state = 'paying'
          AND attempts.total_fee = ? AND attempts.openid = ? AND attempts.time_start <= ?
          AND attempts.total_fee = orders.total_fee
          AND (orders.openid IS NULL OR orders.openid = attempts.openid)
      ) AND NOT EXISTS (SELECT 1 FROM payments WHERE transaction_id = ?)`,
    params: [
      ordercode,
      number,
      payment.totalFee,
      payment.openid,
      later(payment.paidAt, CLOCK_SKEW_S),
      payment.transactionId,
    ],
  }
  // The rest hangs on the payment's row, and on the order still being paid: true once.
  const entered: Guard = {
    sql: `EXISTS (SELECT 1 FROM payments WHERE transaction_id = ? AND ordercode = ? AND number = ?)
      AND EXISTS (SELECT 1 FROM orders WHERE ordercode = ? AND state = 'paying')`,
    params: [payment.transactionId, ordercode, number, ordercode],
  }
  const booked: BookedPayment = { ...payment, returned: returned === 'yes' }
  const event: OrderEvent = { type: 'payment_booked', payment, source, returned }
  const webhook: Webhook = {
    type: returned === 'yes' ? 'payment.returned' : 'order.paid',
    subject: payment.transactionId,
    ordercode,
    revision: undefined,
  }
  const { revision: _, ...delivery } = deliveryRow(webhook, now, hasTarget)
  const [, , , , , updated, ...view] = await db.batch([
    insertIf('payments', paymentRow(booked, payment.transactionId), fits),
    {
      sql: `INSERT INTO events (ordercode, revision, type, at, data)
            SELECT ordercode, revision + 1, ?, ?, ? FROM orders WHERE ordercode = ? AND ${entered.sql}`,
      params: [event.type, now, JSON.stringify(eventData(event)), ordercode, ...entered.params],
    },
    {
      sql: `INSERT INTO deliveries (${Object.keys(delivery).join(', ')}, revision)
            SELECT ${Object.keys(delivery)
              .map(() => '?')
              .join(', ')}, revision + 1
            FROM orders WHERE ordercode = ? AND ${entered.sql}`,
      params: [...Object.values(delivery), ordercode, ...entered.params],
    },
    {
      sql: `UPDATE attempts SET state = 'paid', due_at = ?
            WHERE ordercode = ? AND number = ? AND ${entered.sql}`,
      params: [returned === 'yes' ? now : null, ordercode, number, ...entered.params],
    },
    makeOthersDue(ordercode, number, now, entered),
    {
      sql: `UPDATE orders SET state = 'paid', revision = revision + 1, transaction_id = ?,
              paid_at = ?, due_at = NULL
            WHERE ordercode = ? AND ${entered.sql}`,
      params: [payment.transactionId, payment.paidAt, ordercode, ...entered.params],
    },
    ...viewStatements(ordercode),
  ])
  return { booked: updated?.changes === 1, view: viewFrom(view) }
}

function attemptChanges(
  before: OrderView,
  after: OrderView,
  now: UnixSeconds,
  guard: Guard,
): readonly Statement[] {
  const { ordercode } = before.order
  return after.attempts.flatMap((attempt) => {
    const old = before.attempts.find(({ number }) => number === attempt.number)
    if (old === attempt) return []
    const dueAt = owesRefunds(after, attempt) ? now : attemptDue(attempt, now)
    const row = rowFromAttempt(ordercode, attempt, dueAt)
    if (old === undefined) return [insertIf('attempts', row, guard)]
    // Whatever is stored, a lease perhaps, the due time is written with the change.
    const oldRow = { ...rowFromAttempt(ordercode, old, undefined), due_at: undefined }
    return [updateIf('attempts', oldRow, row, ['ordercode', 'number'], guard)]
  })
}

/** Another attempt of a paid order could still be paid: the cron takes it down at once. */
const makeOthersDue = (
  ordercode: string,
  number: number,
  now: UnixSeconds,
  guard: Guard,
): Statement => ({
  sql: `UPDATE attempts SET due_at = ?
        WHERE ordercode = ? AND number <> ? AND state IN ('open', 'closing') AND ${guard.sql}`,
  params: [now, ordercode, number, ...guard.params],
})

/** @param ordersOwn The payment that makes the order paid; another one is a further one. */
function paymentRow(
  payment: BookedPayment,
  ordersOwn: TransactionId | undefined,
): Record<string, Value> {
  const { ordercode, number } = keyOf(payment.outTradeNo)
  return {
    transaction_id: payment.transactionId,
    ordercode,
    number,
    further: ordersOwn === payment.transactionId ? 0 : 1,
    openid: payment.openid,
    trade_type: payment.tradeType,
    fee_type: payment.feeType,
    total_fee: payment.totalFee,
    cash_fee: orNull(payment.cashFee),
    bank_type: orNull(payment.bankType),
    paid_at: payment.paidAt,
    returned: payment.returned ? 1 : 0,
  }
}

/** Says, too, which refund was made by itself with the event. */
function eventRow(
  before: OrderView,
  after: OrderView,
  event: OrderEvent,
  now: UnixSeconds,
): Record<string, Value> {
  const { ordercode, revision } = after.order
  const known = new Set(before.refunds.map(({ outRefundNo }) => outRefundNo))
  const made = after.refunds.find(
    ({ source, outRefundNo }) => source === 'automatic' && !known.has(outRefundNo),
  )
  const data = {
    ...eventData(event),
    ...(made === undefined ? {} : { out_refund_no: made.outRefundNo }),
  }
  return { ordercode, revision, type: event.type, at: now, data: JSON.stringify(data) }
}
