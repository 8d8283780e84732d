/**
 * Closes as a set the orders that expired without any attempt: one batch, however many they are. WeChat never
 * heard of them, so nothing is asked. It writes the same rows as `transition` and `commit` write for one order
 * (`test/store/order/two-deciders.test.ts` compares both): a revision, the event `order_closed`, the webhook
 * `order.closed`.
 *
 * | clause | pure rule |
 * |---|---|
 * | the order is `created` | `onOrderClosed` in `core/order/transition.ts`: `closed` is unchanged, `paid` is illegal |
 * | the order has no attempt | the same: with a live attempt it is illegal |
 * | `expires_at` has passed | `followUpOrder`: only an order that expired is closed |
 */
import type { Actor } from '../../core/actor.ts'
import type { UnixSeconds } from '../../core/time.ts'
import { webhookId } from '../../core/webhook.ts'
import { text } from '../d1/columns.ts'
import type { Database } from '../d1/database.ts'
import { furtherEvent } from '../d1/history.ts'
import { deliveryRow, type Outbox } from '../d1/outbox.ts'
import { type Expression, type Guard, insertOnce, nextRevision } from '../d1/sql.ts'
import { eventData } from '../order/event-data.ts'

/**
 * How many due orders are looked at for one set. Orders with an attempt may stand before the untouched ones while
 * WeChat is away, and each of those is a row read.
 */
const WINDOW = 5_000

/**
 * Closes untouched orders that expired, up to `limit`, the longest due first.
 *
 * @returns their ordercodes, in no particular order.
 */
export async function expireUntouched(
  db: Database,
  now: UnixSeconds,
  limit: number,
  outbox: Outbox,
  actor: Actor,
): Promise<readonly string[]> {
  // Every statement of the batch selects the same orders: only the last one changes a column that the guard reads.
  const untouched = `ordercode IN (
    SELECT ordercode FROM (
      SELECT ordercode, state, expires_at, due_at FROM orders WHERE due_at <= ?
      ORDER BY due_at, ordercode LIMIT ${WINDOW}) AS due
    WHERE state = 'created' AND expires_at <= ?
      AND NOT EXISTS (SELECT 1 FROM attempts WHERE attempts.ordercode = due.ordercode)
    ORDER BY due_at, ordercode LIMIT ?)`
  const guard: Guard = { sql: untouched, params: [now, now, limit] }
  const webhook = {
    type: 'order.closed',
    subject: '',
    ordercode: undefined,
    revision: undefined,
  } as const
  const itsOwn: Expression = { sql: 'ordercode', params: [] }
  const delivery = {
    ...deliveryRow(webhook, now, outbox),
    id: { sql: '? || ordercode', params: [webhookId(webhook)] },
    subject: itsOwn,
    ordercode: itsOwn,
    revision: { sql: nextRevision('revision'), params: [] },
  }
  const revision = nextRevision('revision')
  const data = JSON.stringify(eventData({ type: 'order_closed', reason: 'expired' }))
  const event = furtherEvent(
    undefined,
    revision,
    { type: 'order_closed', at: now, actor, data },
    guard,
  )
  const outcomes = await db.batch([
    insertOnce('deliveries', delivery, guard, 'orders'),
    event.insert,
    {
      sql: `UPDATE orders SET state = 'closed', revision = ${revision}, history = ${event.history.sql}, closed_at = ?,
              due_at = NULL
            WHERE ${untouched} RETURNING ordercode`,
      params: [...event.history.params, now, ...guard.params],
    },
  ])
  return (outcomes.at(-1)?.rows ?? []).map((row) => text(row, 'ordercode'))
}
