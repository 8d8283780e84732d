/**
 * Writes many `order_closed` events in one batch of four statements, however many they are. `transition` has decided each of
 * them, and the rows are those that `commit` writes for one order (`test/store/order/commit-closings.test.ts` compares
 * both). An order that has changed since it was read is left as it is, and does not hold up the others.
 */
import type { Actor } from '../../core/actor.ts'
import { attemptDueAt } from '../../core/order/schedule.ts'
import { invariant } from '../../lib/result.ts'
import type { Closing } from '../../ports/order-store.ts'
import { text } from '../d1/columns.ts'
import type { Database } from '../d1/database.ts'
import { eventOfEach, FURTHER_EVENTS } from '../d1/history.ts'
import { deliveryRow, type Outbox } from '../d1/outbox.ts'
import { eventData } from './event-data.ts'
import { WITHOUT_SENDING } from './rows.ts'

/** SQL for a field of what is given about an order. */
const given = (name: string): string => `json_extract(each.value, '$.${name}')`
/** SQL: the order still has the revision with which it was read. The statement that raises the revision comes last. */
const UNCHANGED = `orders.ordercode = ${given('ordercode')} AND orders.revision = ${given('before')}`

const DELIVERY = [
  'id',
  'type',
  'subject',
  'ordercode',
  'revision',
  'state',
  'created_at',
  'due_at',
  'is_queued',
] as const

const STATEMENTS = [
  `INSERT INTO deliveries (${DELIVERY.join(', ')})
   SELECT ${DELIVERY.map((name) => given(`delivery.${name}`)).join(', ')}
   FROM json_each(?1) AS each JOIN orders ON ${UNCHANGED} WHERE true
   ON CONFLICT (id) DO NOTHING`,
  `${FURTHER_EVENTS.insert(given)} FROM json_each(?1) AS each JOIN orders ON ${UNCHANGED}
   WHERE NOT (${FURTHER_EVENTS.hasRoom(given)})`,
  `UPDATE attempts SET state = 'closed', closed_at = ${given('at')}, due_at = ${given('attemptDueAt')}, ${WITHOUT_SENDING}
   FROM json_each(?1) AS each JOIN orders ON ${UNCHANGED}
   WHERE attempts.ordercode = orders.ordercode AND attempts.number = ${given('number')}`,
  `UPDATE orders SET state = 'closed', revision = ${given('revision')}, closed_at = ${given('at')}, due_at = NULL,
     history = ${FURTHER_EVENTS.history(given)}
   FROM json_each(?1) AS each WHERE ${UNCHANGED} RETURNING orders.ordercode`,
] as const

/** Closes the orders. @returns the ordercodes of those that are closed now. */
export async function commitClosings(
  db: Database,
  closings: readonly Closing[],
  outbox: Outbox,
  actor: Actor,
): Promise<ReadonlySet<string>> {
  const rows = JSON.stringify(closings.map((closing) => rowOf(closing, outbox, actor)))
  const outcomes = await db.batch(STATEMENTS.map((sql) => ({ sql, params: [rows] })))
  return new Set((outcomes.at(-1)?.rows ?? []).map((row) => text(row, 'ordercode')))
}

function rowOf({ before, event, change, at }: Closing, outbox: Outbox, actor: Actor) {
  const { order, attempts } = change.after
  const ended = attempts.find((attempt) => !before.attempts.includes(attempt))
  const [webhook] = change.webhooks
  invariant(webhook !== undefined, 'a closed order is told to the shop')
  return {
    before: before.order.revision,
    number: ended?.number,
    attemptDueAt: ended === undefined ? undefined : attemptDueAt(ended, at),
    delivery: deliveryRow(webhook, at, outbox),
    ...eventOfEach(order, { type: event.type, at, actor, data: JSON.stringify(eventData(event)) }),
  }
}
