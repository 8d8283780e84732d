/** Orders in D1. The only place where an order is written. */
import type { Change } from '../../core/order/change.ts'
import type { Order, OrderEvent, OrderView, Terms } from '../../core/order/order.ts'
import { attemptDueAt, needsRefundImport, orderDueAt } from '../../core/order/schedule.ts'
import { later, type UnixSeconds } from '../../core/time.ts'
import { invariant } from '../../lib/result.ts'
import type { Database, Statement, Value } from '../d1/database.ts'
import { deliveryRow, reviewRow } from '../d1/outbox.ts'
import { type Guard, insertIf, insertOnce, statement, updateIf } from '../d1/sql.ts'
import { eventData } from './event-data.ts'
import { makeOthersDue, paymentRow } from './payment-row.ts'
import { refundChanges } from './refunds.ts'
import { keyOf, rowFromAttempt, rowFromOrder } from './rows.ts'
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
    insertIf('orders', rowFromOrder(order, orderDueAt(order)), absent),
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
      rowFromOrder(before.order, orderDueAt(before.order)),
      rowFromOrder(after.order, orderDueAt(after.order)),
      ['ordercode'],
      guard,
    ),
  ]
  const outcomes = await db.batch(statements)
  return outcomes.at(-1)?.changes === 1 ? 'stored' : 'stale'
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
    const dueAt = needsRefundImport(after, attempt) ? now : attemptDueAt(attempt, now)
    const row = rowFromAttempt(ordercode, attempt, dueAt)
    if (old === undefined) return [insertIf('attempts', row, guard)]
    // Whatever is stored, a lease perhaps, the due time is written with the change.
    const oldRow = { ...rowFromAttempt(ordercode, old, undefined), due_at: undefined }
    return [updateIf('attempts', oldRow, row, ['ordercode', 'number'], guard)]
  })
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
