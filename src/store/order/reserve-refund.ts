/**
 * The fast path of the event `refund_requested`: reserves the amount, writes the event and reads the order back,
 * in one round trip. One guarded statement decides, so concurrent requests never reserve more than was paid.
 *
 * Each clause of the guard corresponds to a rule of `onRequested` in `core/order/refund-transition.ts`. A table
 * test (`test/store/order/two-deciders.test.ts`) generates cases and checks that the SQL inserts a refund exactly
 * when the transition returns `changed`. When the SQL inserts nothing, the caller applies the transition, whose
 * error explains the refusal to the shop.
 *
 * | clause | pure rule |
 * |---|---|
 * | the payment belongs to the order, which need not be `paid`: a returned payment is refunded, too | otherwise `order_not_paid` |
 * | this refund and what is reserved are at most `total_fee` | `leftOf`: `refund_exceeds_payment` |
 * | the payment has fewer than `REFUNDS_MAX` refunds, without refused and cancelled ones | `too_many_refunds` |
 * | this refund and what is reserved of this day are at most REFUND_LIMIT_DAY, if there is one | `dayLeft`: `refund_limit_reached` |
 * | the `out_refund_no` has no row | a known number is `unchanged`, or `refund_conflict` |
 * | the refund starts now if no other one started within a minute | `nextStartAt`: refunds of a payment start a minute apart |
 *
 * The SQL sees more than the transition, which sees a single order: when a refund of another order has the
 * out_refund_no, nothing is inserted, although the transition would allow it.
 */
import type { Actor } from '../../core/actor.ts'
import { toFen } from '../../core/money.ts'
import { PAUSE_S } from '../../core/order/refund-schedule.ts'
import { type Refund, REFUNDS_MAX } from '../../core/order/refund.ts'
import { later, type UnixSeconds } from '../../core/time.ts'
import type { RefundLimits, Reservation } from '../../ports/refund-store.ts'
import { integer } from '../d1/columns.ts'
import type { Database } from '../d1/database.ts'
import { nextRevision, statement } from '../d1/sql.ts'
import { eventData } from './event-data.ts'
import { dayParams, OF_DAY } from './held-refunds.ts'
import { requestedBy, rowFromRefund } from './refunds.ts'
import { SENDING_S } from './send-lease.ts'
import { viewFrom, viewStatement } from './views.ts'

/** The number of the lease that a refund is inserted with. */
const FIRST_LEASE = 1

/**
 * Reserves a refund. When no other refund of the payment started within the last minute, this refund starts
 * immediately, and the caller holds its send lease.
 */
export async function reserve(
  db: Database,
  ordercode: string,
  refund: Refund,
  now: UnixSeconds,
  { perDay }: RefundLimits,
  actor: Actor,
): Promise<Reservation> {
  const requested = requestedBy(actor, rowFromRefund(ordercode, refund, undefined))
  const { started_at: _, due_at: __, ...row } = requested
  const ofPayment = 'FROM refunds WHERE ordercode = ?1 AND transaction_id = ?2'
  const columns = Object.keys(row)
  const ofDay = `SELECT coalesce(sum(refund_fee), 0) AS fee FROM refunds WHERE ${OF_DAY}`
  const outcomes = await db.batch([
    {
      sql: `INSERT INTO refunds (${columns.join(', ')}, started_at, sending_until, due_at, lease_no)
            SELECT ${columns.map((_column, i) => `?${i + 9}`).join(', ')},
              iif(begun IS NULL, ?3, NULL), iif(begun IS NULL, ?3 + ?8, NULL),
              coalesce(begun + ?4, ?3 + ?4), ${FIRST_LEASE}
            FROM (SELECT (SELECT max(started_at) ${ofPayment} AND started_at > ?3 - ?4) AS begun)
            WHERE EXISTS (
              SELECT 1 FROM payments
              WHERE payments.transaction_id = ?2 AND ordercode = ?1
                AND payments.total_fee >= ?5 + (
                  SELECT coalesce(sum(refund_fee), 0) ${ofPayment}
                    AND state NOT IN ('refused', 'closed'))
            )
            AND (SELECT count(*) ${ofPayment} AND state <> 'refused'
              AND (state <> 'closed' OR cancelled_at IS NULL)) < ?6
            AND NOT EXISTS (SELECT 1 FROM refunds WHERE out_refund_no = ?7)
            ${perDay === undefined ? '' : `AND ?5 + (${ofDay}) <= ?`}`,
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
        ...(perDay === undefined ? [] : [...dayParams(now), perDay]),
      ],
    },
    // changes() is the number of rows that the preceding statement changed. It is 0 when no refund was
    // inserted; then neither the event nor the order's revision is written.
    statement(
      `INSERT INTO events (ordercode, revision, type, at, data, actor)
       SELECT ordercode, ${nextRevision('revision')}, 'refund_requested', ?2, ?3, ?4 FROM orders
       WHERE ordercode = ?1 AND changes() = 1`,
      ordercode,
      now,
      JSON.stringify(eventData({ type: 'refund_requested', refund })),
      actor,
    ),
    statement(
      `UPDATE orders SET revision = ${nextRevision('revision')} WHERE ordercode = ? AND changes() = 1`,
      ordercode,
    ),
    viewStatement(ordercode),
    ...(perDay === undefined ? [] : [statement(ofDay, ...dayParams(now))]),
  ])
  const [inserted, , , read, today] = outcomes
  const reserved = inserted?.changes === 1
  const view = viewFrom(read)
  const stored = view?.refunds.find(({ outRefundNo }) => outRefundNo === refund.outRefundNo)
  const isLeased = reserved && stored?.startedAt !== undefined
  return {
    reserved,
    view,
    lease: isLeased
      ? { until: later(now, SENDING_S), number: FIRST_LEASE, unansweredAt: undefined }
      : undefined,
    dayLeft:
      perDay === undefined
        ? undefined
        : toFen(Math.max(0, perDay - integer(today?.rows[0] ?? {}, 'fee'))),
  }
}
