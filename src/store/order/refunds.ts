/** Refunds in D1: the reservation, and what is written without changing the order. */
import {
  refundDue,
  REFUNDS_MAX,
  toOutRefundNo,
  type OutRefundNo,
  type Refund,
} from '../../core/order/refund.ts'
import { later, MINUTE_S, type UnixSeconds } from '../../core/time.ts'
import type { OrderView } from '../../core/order/order.ts'
import type { ClaimedRefunds, NextRefundDue, Turn } from '../../ports/refund-store.ts'
import type { Database, Row, Statement, Value } from '../d1/database.ts'
import { eventData } from './event-data.ts'
import { integer, optionalTime, orNull, text } from './rows.ts'
import { insertIf, statement, updateIf, type Guard } from '../d1/sql.ts'
import { viewFrom, viewStatements } from './views.ts'

/** Longer than a refund can take: sent, asked about, and sent again, each with two deadlines of 8 s. */
const LEASE_S = 180
/** WeChat's pause between refunds of one payment. */
const PAUSE_S = MINUTE_S
/** Longer than it can take to send a refund, and to ask about its refusal; and as long as an unanswered one may arrive. */
const SENDING_S = MINUTE_S

/**
 * Reserves the amount and writes the event, in one round trip: one guarded statement, so that however
 * many ask at once never more than was paid is promised. When no other refund of the payment began a
 * moment ago, this one begins with it, and whoever reserved it sends it.
 */
export async function reserve(
  db: Database,
  ordercode: string,
  refund: Refund,
  now: UnixSeconds,
): Promise<Readonly<{ reserved: boolean; view: OrderView | undefined }>> {
  const { started_at: _, due_at: __, ...row } = rowFromRefund(ordercode, refund, undefined)
  const ofPayment = 'FROM refunds WHERE ordercode = ?1 AND transaction_id = ?2'
  const columns = Object.keys(row)
  const [inserted, , , ...view] = await db.batch([
    {
      sql: `INSERT INTO refunds (${columns.join(', ')}, started_at, sending_until, due_at)
            SELECT ${columns.map((_column, i) => `?${i + 9}`).join(', ')},
              iif(begun IS NULL, ?3, NULL), iif(begun IS NULL, ?3 + ?8, NULL),
              coalesce(begun + ?4, ?3 + ?4)
            FROM (SELECT (SELECT max(started_at) ${ofPayment} AND started_at > ?3 - ?4) AS begun)
            WHERE EXISTS (
              SELECT 1 FROM payments JOIN orders USING (ordercode)
              WHERE payments.transaction_id = ?2 AND ordercode = ?1 AND orders.state = 'paid'
                AND payments.total_fee >= ?5 + (
                  SELECT coalesce(sum(refund_fee), 0) ${ofPayment}
                    AND state NOT IN ('refused', 'closed'))
            )
            AND (SELECT count(*) ${ofPayment} AND state <> 'refused') < ?6
            AND NOT EXISTS (SELECT 1 FROM refunds WHERE out_refund_no = ?7)`,
      params: [
        ordercode,
        refund.transactionId,
        now,
        PAUSE_S,
        refund.refundFee,
        REFUNDS_MAX,
        refund.outRefundNo,
        SENDING_S,
        ...Object.values(row),
      ],
    },
    // changes() is of the statement before: 0 for everybody who reserved nothing.
    statement(
      `INSERT INTO events (ordercode, revision, type, at, data)
       SELECT ordercode, revision + 1, 'refund_requested', ?2, ?3 FROM orders
       WHERE ordercode = ?1 AND changes() = 1`,
      ordercode,
      now,
      JSON.stringify(eventData({ type: 'refund_requested', refund })),
    ),
    statement(
      'UPDATE orders SET revision = revision + 1 WHERE ordercode = ? AND changes() = 1',
      ordercode,
    ),
    ...viewStatements(ordercode),
  ])
  return { reserved: inserted?.changes === 1, view: viewFrom(view) }
}

/** The changes of an order's refunds, for the batch that writes the order. */
export function refundChanges(
  before: OrderView,
  after: OrderView,
  now: UnixSeconds,
  guard: Guard,
): readonly Statement[] {
  const { ordercode } = before.order
  return after.refunds.flatMap((refund) => {
    const { outRefundNo, transactionId } = refund
    const old = before.refunds.find((each) => each.outRefundNo === outRefundNo)
    if (old === refund) return []
    const others = after.refunds.filter(
      (each) => each.transactionId === transactionId && each.outRefundNo !== outRefundNo,
    )
    const row = rowFromRefund(ordercode, refund, refundDue(refund, others, now))
    if (old === undefined) return [insertIf('refunds', row, guard)]
    // Whatever is stored meanwhile, a lease or a note, is written with the change.
    const oldRow = {
      ...rowFromRefund(ordercode, old, undefined),
      due_at: undefined,
      err_code: undefined,
      err_code_des: undefined,
    }
    return [updateIf('refunds', oldRow, row, ['out_refund_no'], guard)]
  })
}

/** Of several who would send a refund at once, one does. */
export async function takeTurn(
  db: Database,
  outRefundNo: OutRefundNo,
  now: UnixSeconds,
): Promise<Turn | undefined> {
  const { rows } = await db.run(
    `UPDATE refunds SET sending_until = ?2 WHERE out_refund_no = ?1 AND state = 'requested'
       AND (sending_until IS NULL OR sending_until <= ?3)
     RETURNING unanswered_at`,
    outRefundNo,
    later(now, SENDING_S),
    now,
  )
  return rows[0] === undefined ? undefined : turnFromRow(rows[0])
}

const turnFromRow = (row: Row): Turn => ({ unansweredAt: optionalTime(row, 'unanswered_at') })

/** Nothing was sent. */
export async function giveUpTurn(db: Database, outRefundNo: OutRefundNo): Promise<void> {
  await db.run('UPDATE refunds SET sending_until = NULL WHERE out_refund_no = ?', outRefundNo)
}

/** Remembers why WeChat does not take a refund yet, or any more; it may be sent again. */
export async function noteRefusal(
  db: Database,
  outRefundNo: OutRefundNo,
  { errCode, errCodeDes }: Readonly<{ errCode: string; errCodeDes: string }>,
  unansweredAt: UnixSeconds | undefined,
): Promise<void> {
  await db.run(
    `UPDATE refunds SET err_code = ?2, err_code_des = ?3, sending_until = NULL,
       unanswered_at = coalesce(?4, unanswered_at)
     WHERE out_refund_no = ?1 AND state IN ('requested', 'processing')`,
    outRefundNo,
    errCode,
    errCodeDes,
    orNull(unansweredAt),
  )
}

/** Remembers that WeChat may or may not have got it; it may be sent again. */
export async function noteUnanswered(
  db: Database,
  outRefundNo: OutRefundNo,
  now: UnixSeconds,
): Promise<void> {
  await db.run(
    `UPDATE refunds SET unanswered_at = ?2, sending_until = NULL
     WHERE out_refund_no = ?1 AND state = 'requested'`,
    outRefundNo,
    now,
  )
}

/**
 * Takes refunds that are due, the longest due first, with the turn to send those that WeChat has not taken
 * on; nobody else gets them until the lease ends.
 */
export async function claimRefunds(
  db: Database,
  now: UnixSeconds,
  limit: number,
): Promise<ClaimedRefunds> {
  const leaseUntil = later(now, LEASE_S)
  const { rows } = await db.run(
    `UPDATE refunds SET due_at = ?1, sending_until =
       iif(state = 'requested' AND coalesce(sending_until, 0) <= ?2, ?1, sending_until)
     WHERE out_refund_no IN (
       SELECT out_refund_no FROM refunds WHERE due_at <= ?2 ORDER BY due_at, requested_at LIMIT ?3)
     RETURNING out_refund_no, ordercode, unanswered_at, sending_until = ?1 AS is_our_turn`,
    leaseUntil,
    now,
    limit,
  )
  const items = rows.map((row) => ({
    outRefundNo: toOutRefundNo(text(row, 'out_refund_no')),
    ordercode: text(row, 'ordercode'),
    turn: row['is_our_turn'] === 1 ? turnFromRow(row) : undefined,
  }))
  return { leaseUntil, items }
}

/** @returns how many are due, up to a thousand. */
export async function countDueRefunds(db: Database, now: UnixSeconds): Promise<number> {
  const { rows } = await db.run(
    'SELECT count(*) AS due FROM (SELECT 1 FROM refunds WHERE due_at <= ? LIMIT 1000)',
    now,
  )
  return rows[0] === undefined ? 0 : integer(rows[0], 'due')
}

/** Says when refunds that did not change are due again; those that did have set their time themselves. */
export async function rescheduleRefunds(
  db: Database,
  claimed: ClaimedRefunds,
  next: readonly NextRefundDue[],
): Promise<void> {
  if (next.length === 0) return
  await db.run(
    `UPDATE refunds SET due_at = json_extract(value, '$.dueAt') FROM json_each(?1)
     WHERE out_refund_no = json_extract(value, '$.outRefundNo') AND due_at = ?2`,
    JSON.stringify(next),
    claimed.leaseUntil,
  )
}

/** @returns the order that a refund belongs to. */
export async function ordercodeOfRefund(
  db: Database,
  outRefundNo: OutRefundNo,
): Promise<string | undefined> {
  const { rows } = await db.run(
    'SELECT ordercode FROM refunds WHERE out_refund_no = ?',
    outRefundNo,
  )
  return rows[0] === undefined ? undefined : text(rows[0], 'ordercode')
}

function rowFromRefund(
  ordercode: string,
  refund: Refund,
  dueAt: UnixSeconds | undefined,
): Record<string, Value> {
  return {
    out_refund_no: refund.outRefundNo,
    ordercode,
    transaction_id: refund.transactionId,
    state: refund.state,
    refund_fee: refund.refundFee,
    total_fee: refund.totalFee,
    reason: orNull(refund.reason),
    notify_url: orNull(refund.notifyUrl),
    source: refund.source,
    requested_at: refund.requestedAt,
    started_at: orNull(refund.startedAt),
    accepted_at: orNull(refund.acceptedAt),
    ended_at: orNull(refund.endedAt),
    refund_id: orNull(refund.refundId),
    received_by: orNull(refund.receivedBy),
    err_code: orNull(refund.errCode),
    err_code_des: orNull(refund.errCodeDes),
    due_at: orNull(dueAt),
  }
}
