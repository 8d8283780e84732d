/**
 * Where the events of an order are stored: the first ones in the column `history` of the order's own row, which is
 * written with every event anyway, and the others as rows of the table `events`. The view `order_events` has all.
 */
import type { Actor } from '../../core/actor.ts'
import { type Order, type OrderEvent, REVISIONS_PER_SECOND } from '../../core/order/order.ts'
import type { UnixSeconds } from '../../core/time.ts'
import type { Statement } from './database.ts'
import { both, type Expression, type Guard, statement } from './sql.ts'

/**
 * The size of `history`, in characters, up to which events are added to it. A row of more than about 1 000 bytes would
 * need pages of its own.
 */
const HISTORY_MAX = 330

/** The type of an event in the order's history. */
export type EventType = OrderEvent['type'] | 'order_registered'

/** An event as it is stored. `data` is JSON. */
export type NewEvent = Readonly<{ type: EventType; at: UnixSeconds; actor: Actor; data: string }>

/** The facts of an order that its events repeat. `transactionId` is undefined while the order is not paid. */
export type Known = Readonly<{ ordercode: string; transactionId?: string | undefined }>

/**
 * SQL for the element of `history` that is an event. What the order's row says already is shortened; the view writes it
 * out. No text of an event can be mistaken for that, because JSON escapes the quotes in a text.
 *
 * @param revision SQL for the order's revision after the event.
 */
function element(
  known: Known | undefined,
  revision: string,
  { type, at, actor, data }: NewEvent,
): Expression {
  const short = shortened(known, data)
  return {
    // D1 passes every number as REAL, which JSON would show.
    sql: `json_array(${revision}, ?, cast(? AS INTEGER), ?, json(?))`,
    params: [type, at, actor, short],
  }
}

/** What the order's row says already is shortened. */
const shortened = (known: Known | undefined, data: string): string =>
  data
    .replace(`"out_trade_no":"${known?.ordercode}"`, '"o":1')
    .replace(`"transaction_id":"${known?.transactionId}"`, '"t":1')

/** SQL for the `history` of an order whose first event this is. See {@link element}. */
export function firstHistory(ordercode: string, revision: string, event: NewEvent): Expression {
  const { sql, params } = element({ ordercode }, revision, event)
  return { sql: `json_array(${sql})`, params }
}

/**
 * Builds what stores a further event: the value of `history` for the UPDATE of the order's row, and the INSERT of a row
 * into `events` if `history` has no room. The INSERT comes before the UPDATE.
 *
 * @param known The order after the event; undefined for all orders that the guard selects.
 * @param revision SQL for the revision after the event, in a statement that reads the row of the order.
 * @param guard The guard of the batch.
 */
export function furtherEvent(
  known: Known | undefined,
  revision: string,
  event: NewEvent,
  guard: Guard,
): Readonly<{ insert: Statement; history: Expression }> {
  const size = sizeOf(event)
  const room: Expression = {
    sql: `coalesce(length(history), 0) + ? <= ${HISTORY_MAX}`,
    params: [size],
  }
  const added = element(known, revision, event)
  const full = both({ sql: `NOT (${room.sql})`, params: room.params }, guard)
  const own: Guard =
    known === undefined ? full : both({ sql: 'ordercode = ?', params: [known.ordercode] }, full)
  return {
    insert: {
      sql: `INSERT INTO events (ordercode, revision, type, at, data, actor)
            SELECT ordercode, ${revision}, ?, ?, ?, ? FROM orders WHERE ${own.sql}`,
      params: [event.type, event.at, event.data, event.actor, ...own.params],
    },
    history: {
      sql: `iif(${room.sql}, json_insert(coalesce(history, '[]'), '$[#]', ${added.sql}), history)`,
      params: [...room.params, ...added.params],
    },
  }
}

/** How much room an event takes in `history`, in characters. */
const sizeOf = ({ type, actor, data }: NewEvent): number => data.length + type.length + actor.length

/** The fields of a further event of one order in a set, for {@link FURTHER_EVENTS}. @param after The order after the event. */
export const eventOfEach = (after: Order, event: NewEvent) => ({
  ...event,
  ordercode: after.ordercode,
  revision: after.revision,
  short: shortened(after, event.data),
  size: sizeOf(event),
})

/** The same as {@link furtherEvent} for a set of orders. `given` makes SQL for a field of {@link eventOfEach}. */
export const FURTHER_EVENTS = {
  hasRoom: (given: (name: string) => string): string =>
    `coalesce(length(history), 0) + ${given('size')} <= ${HISTORY_MAX}`,
  insert: (given: (name: string) => string): string =>
    `INSERT INTO events (ordercode, revision, type, at, data, actor)
     SELECT ${['ordercode', 'revision', 'type', 'at', 'data', 'actor'].map(given).join(', ')}`,
  history: (given: (name: string) => string): string =>
    `iif(${FURTHER_EVENTS.hasRoom(given)}, json_insert(coalesce(history, '[]'), '$[#]',
       json_array(${given('revision')}, ${given('type')}, ${given('at')}, ${given('actor')}, json(${given('short')}))), history)`,
} as const

/** Events that a shop or a payer can cause any number of times. */
const REPEATABLE: readonly EventType[] = ['order_changed', 'attempt_resent']
/** The number of an order's changes from which on a repeatable event replaces the one before it, if both have the same type. */
const REPLACED_FROM = 100

/**
 * Bounds the events of an order: builds the statement that deletes the order's last event, if the new one is of the same
 * type and can be repeated without end. Between two such events there are at most those of twenty attempts.
 *
 * @param last The order before the event.
 */
export const withoutRepeated = (
  last: Order,
  type: EventType,
  guard: Guard,
): readonly Statement[] =>
  changesOf(last) < REPLACED_FROM || !REPEATABLE.includes(type)
    ? []
    : [
        statement(
          `DELETE FROM events WHERE ordercode = ? AND revision = ? AND type = ? AND ${guard.sql}`,
          last.ordercode,
          last.revision,
          type,
          ...guard.params,
        ),
      ]

/** How often an order has changed, since the last recovery if it has changed after one: revisions begin anew there. */
const changesOf = ({ revision, recoveredAt }: Order): number => {
  const lifted = (recoveredAt ?? 0) * REVISIONS_PER_SECOND
  return revision < lifted ? revision : revision - lifted
}
