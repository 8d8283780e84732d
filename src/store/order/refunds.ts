/** Refunds in D1: the reservation, and what is written without changing the order. */
import type { OrderView } from '../../core/order/order.ts'
import { refundDueAt } from '../../core/order/refund-schedule.ts'
import { type OutRefundNo, type Refund, REFUNDS_MAX } from '../../core/order/refund.ts'
import { MINUTE_S, type UnixSeconds } from '../../core/time.ts'
import { orNull, text } from '../d1/columns.ts'
import type { Database, Statement, Value } from '../d1/database.ts'
import { type Guard, insertIf, statement, updateIf } from '../d1/sql.ts'
import { eventData } from './event-data.ts'
import { viewFrom, viewStatements } from './views.ts'

/** WeChat's pause between refunds of one payment. */
const PAUSE_S = MINUTE_S
/** Longer than it can take to send a refund, and to ask about its refusal; and as long as an unanswered one may arrive. */
export const SENDING_S = MINUTE_S

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
    const row = rowFromRefund(ordercode, refund, refundDueAt(refund, others, now))
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
