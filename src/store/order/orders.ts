/**
 * Writes orders: registers a new order, and stores the outcome of any transition. Two frequent transitions have
 * a fast path that decides and writes in one round trip: `record-payment.ts` and `reserve-refund.ts`. `commit-closings.ts` writes
 * the closings of many orders together.
 * `../due/due-orders.ts` writes only due times, `../due/expire-untouched.ts` closes sets. No other file writes orders.
 */
import type { Actor } from '../../core/actor.ts'
import type { Change } from '../../core/order/change.ts'
import type { Order, OrderEvent, OrderView, Terms } from '../../core/order/order.ts'
import { attemptDueAt, orderDueAt } from '../../core/order/schedule.ts'
import { later, type UnixSeconds } from '../../core/time.ts'
import { webhookId } from '../../core/webhook.ts'
import { invariant } from '../../lib/result.ts'
import type { Database, Statement } from '../d1/database.ts'
import { firstHistory, furtherEvent, withoutRepeated } from '../d1/history.ts'
import { deliveryRow, openedReviews, type Outbox, reviewStatements } from '../d1/outbox.ts'
import { type Guard, insertIf, insertOnce, nextRevision, updateIf } from '../d1/sql.ts'
import { eventData } from './event-data.ts'
import { afterPayments, beforePayments, makeOthersDue, paymentChanges } from './payment-row.ts'
import { refundChanges } from './refunds.ts'
import { keyOf, rowFromAttempt, rowFromOrder } from './rows.ts'
import { viewFrom, viewStatement } from './views.ts'

/**
 * Inserts an order and its first event, unless an order with this ordercode exists.
 *
 * @returns the stored order, and whether this call inserted it.
 */
export async function register(
  db: Database,
  ordercode: string,
  terms: Terms,
  now: UnixSeconds,
  actor: Actor,
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
    recoveredAt: undefined,
  }
  const { revision: _, ...row } = rowFromOrder(order, orderDueAt(order))
  // After a recovery, the first revision is greater than those that the lost records of the order may have had.
  const revision = nextRevision('0')
  const history = firstHistory(ordercode, revision, {
    type: 'order_registered',
    at: now,
    actor,
    data: JSON.stringify({ total_fee: terms.totalFee }),
  })
  const absent: Guard = {
    sql: 'NOT EXISTS (SELECT 1 FROM orders WHERE ordercode = ?)',
    params: [ordercode],
  }
  const [inserted, read] = await db.batch([
    insertIf('orders', { ...row, revision: { sql: revision, params: [] }, history }, absent),
    viewStatement(ordercode),
  ])
  const stored = viewFrom(read)
  invariant(stored !== undefined, 'a registered order can be read back')
  return { created: inserted?.changes === 1, view: stored }
}

/**
 * Writes a transition in one batch: the order, its attempts, payments and refunds, the event, webhooks and
 * reviews. The whole batch takes effect only if the stored order still has the revision of `before`.
 *
 * @returns the ids of the webhooks that were written; `stale` when the revision differs: a concurrent request
 *   changed the order, or D1 had already applied this batch when it was retried; or when the caller has lost the
 *   send lease that the event needs. The caller loads the order and decides again.
 */
export async function commit(
  db: Database,
  before: OrderView,
  event: OrderEvent,
  change: Change,
  now: UnixSeconds,
  outbox: Outbox,
  actor: Actor,
): Promise<readonly string[] | 'stale'> {
  const { after } = change
  const { ordercode, revision } = before.order
  const unchanged = whileLeased(event, {
    sql: 'EXISTS (SELECT 1 FROM orders WHERE ordercode = ? AND revision = ?)',
    params: [ordercode, revision],
  })
  const guard = afterPayments(before, after, unchanged)
  const opening = { now, outbox, actor, revision: after.order.revision }
  const stored = furtherEvent(
    after.order,
    String(after.order.revision),
    { type: event.type, at: now, actor, data: eventJson(before, after, event) },
    guard,
  )
  const statements = [
    ...newAttempts(before, after, now, beforePayments(before, after, unchanged)),
    ...paymentChanges(before, after, event, unchanged),
    ...attemptChanges(before, after, event, now, guard),
    ...refundChanges(before, after, now, guard, actor),
    ...change.reviews.flatMap((review) => reviewStatements(review, opening, guard)),
    ...change.webhooks.map((webhook) =>
      insertOnce('deliveries', deliveryRow(webhook, now, outbox), guard),
    ),
    ...withoutRepeated(before.order, event.type, guard),
    stored.insert,
    ...(after.order.state === 'paid' && before.order.state !== 'paid'
      ? [makeOthersDue(ordercode, paidNumber(after), now, guard)]
      : []),
    // Every statement of the batch takes effect only while the order has its old revision, so the statement that
    // raises the revision comes last. After it, a retry of the batch or a concurrent writer's batch changes nothing.
    updateIf(
      'orders',
      rowFromOrder(before.order, orderDueAt(before.order)),
      { ...rowFromOrder(after.order, orderDueAt(after.order)), history: stored.history },
      ['ordercode'],
      guard,
    ),
  ]
  const outcomes = await db.batch(statements)
  if (outcomes.at(-1)?.changes !== 1) return 'stale'
  const opened = openedReviews(outcomes).map(
    (subject) => ({ type: 'review.opened', subject }) as const,
  )
  return [...change.webhooks, ...opened].map(webhookId)
}

/**
 * The guard of an event that releases a refund's amount: only if no other sender has had the lease since the caller, so
 * that no concurrent sender can have sent the refund meanwhile.
 */
const whileLeased = (event: OrderEvent, guard: Guard): Guard =>
  'lease' in event
    ? {
        sql: `EXISTS (SELECT 1 FROM refunds WHERE out_refund_no = ? AND lease_no = ?) AND ${guard.sql}`,
        params: [event.outRefundNo, event.lease.number, ...guard.params],
      }
    : guard

/** The number of the attempt whose payment made the order paid. */
function paidNumber({ order, payments }: OrderView): number {
  const payment = payments.find((each) => each.transactionId === order.transactionId)
  invariant(payment !== undefined, 'a paid order has the payment that made it paid')
  return keyOf(payment.outTradeNo).number
}

function newAttempts(
  before: OrderView,
  after: OrderView,
  now: UnixSeconds,
  guard: Guard,
): readonly Statement[] {
  const known = new Set(before.attempts.map(({ number }) => number))
  return after.attempts
    .filter(({ number }) => !known.has(number))
    .map((attempt) => {
      const row = rowFromAttempt(after.order, attempt, attemptDueAt(attempt, now))
      return insertIf('attempts', row, guard)
    })
}

function attemptChanges(
  before: OrderView,
  after: OrderView,
  event: OrderEvent,
  now: UnixSeconds,
  guard: Guard,
): readonly Statement[] {
  const { ordercode } = before.order
  return after.attempts.flatMap((attempt) => {
    const old = before.attempts.find(({ number }) => number === attempt.number)
    if (old === undefined || old === attempt) return []
    // A paid attempt is due only for the import of the refunds that WeChat has of its payment.
    const hasRefunds = attempt.state === 'paid' && 'refunded' in event && event.refunded
    const dueAt = hasRefunds ? now : attemptDueAt(attempt, now)
    const row = rowFromAttempt(after.order, attempt, dueAt)
    // A run may have leased the attempt since it was read, which changed the stored `due_at`. So `due_at` is
    // written even if the transition did not change it.
    const oldRow = { ...rowFromAttempt(before.order, old, undefined), due_at: undefined }
    const key = ['ordercode', 'number']
    if (attempt.sentAt === old.sentAt) return [updateIf('attempts', oldRow, row, key, guard)]
    // The attempt is sent again. The answer to the last send may have been stored since the attempt was read,
    // without a new revision. So SQL decides whether that send went unanswered.
    const { unanswered_at: _, ...resent } = row
    return [
      {
        sql: `UPDATE attempts SET unanswered_at = coalesce(unanswered_at, sent_at)
              WHERE ordercode = ? AND number = ? AND answered_at IS NULL AND ${guard.sql}`,
        params: [ordercode, attempt.number, ...guard.params],
      },
      updateIf('attempts', { ...oldRow, answered_at: undefined }, resent, key, guard),
    ]
  })
}

/**
 * Makes the JSON of the event. If the transition also recorded a payment that goes back, or created an automatic
 * refund, it says so.
 */
function eventJson(before: OrderView, after: OrderView, event: OrderEvent): string {
  const known = new Set(before.refunds.map(({ outRefundNo }) => outRefundNo))
  const made = after.refunds.find(
    ({ source, outRefundNo }) => source === 'automatic' && !known.has(outRefundNo),
  )
  const returned =
    'payment' in event &&
    after.payments.some(
      (each) => each.returned && each.transactionId === event.payment.transactionId,
    )
  return JSON.stringify({
    ...eventData(event),
    ...(returned ? { returned: 'yes' } : {}),
    ...(made === undefined ? {} : { out_refund_no: made.outRefundNo }),
  })
}
