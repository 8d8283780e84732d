/** Writes the refunds of an order in a transition's batch, and finds the order of a refund. */
import type { Actor } from '../../core/actor.ts'
import type { OrderView } from '../../core/order/order.ts'
import { refundDueAt } from '../../core/order/refund-schedule.ts'
import type { OutRefundNo, Refund } from '../../core/order/refund.ts'
import type { UnixSeconds } from '../../core/time.ts'
import { orNull, text } from '../d1/columns.ts'
import type { Database, Statement, Value } from '../d1/database.ts'
import { endReviews } from '../d1/outbox.ts'
import { both, type Guard, insertIf, updateIf } from '../d1/sql.ts'

/** Builds the statements that write new and changed refunds, for the batch that writes the order. */
export function refundChanges(
  before: OrderView,
  after: OrderView,
  now: UnixSeconds,
  guard: Guard,
  actor: Actor,
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
    if (old === undefined) return [insertIf('refunds', requestedBy(actor, row), guard)]
    // A run may have leased the refund, or a sender may have stored an err_code, since the order was read. So
    // these columns are written even if the transition did not change them.
    const oldRow = {
      ...rowFromRefund(ordercode, old, undefined),
      due_at: undefined,
      err_code: undefined,
      err_code_des: undefined,
    }
    const goesOn = old.state === 'requested' && refund.state !== 'requested'
    return [
      updateIf('refunds', oldRow, row, ['out_refund_no'], guard),
      ...(goesOn ? [endWaitingReview(outRefundNo, now, guard)] : []),
    ]
  })
}

/** Resolves the open review about a refund that waits, if the refund does not wait any more. */
export async function endWaitingReviewOf(
  db: Database,
  outRefundNo: OutRefundNo,
  now: UnixSeconds,
): Promise<void> {
  const sql = "NOT EXISTS (SELECT 1 FROM refunds WHERE out_refund_no = ? AND state = 'requested')"
  const { sql: update, params } = endWaitingReview(outRefundNo, now, { sql, params: [outRefundNo] })
  await db.run(update, ...params)
}

const endWaitingReview = (outRefundNo: OutRefundNo, now: UnixSeconds, guard: Guard): Statement =>
  endReviews(
    both({ sql: "kind = 'refund_waiting' AND subject = ?", params: [outRefundNo] }, guard),
    now,
    ENDED_NOTE,
  )

/** The note of a review that is resolved because the refund does not wait any more. */
const ENDED_NOTE = 'resolved automatically: the refund does not wait any more'

/** Enters who requests a new refund, unless it says so itself: an automatic one, and one found at WeChat. */
export const requestedBy = (actor: Actor, row: Record<string, Value>): Record<string, Value> => ({
  ...row,
  actor: row['actor'] ?? actor,
})

/** @returns the ordercode of the order that a refund belongs to; undefined when no refund has this number. */
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

/** Makes the row of a refund, without the columns of its lease and `unanswered_at`, which only the sender writes. */
export function rowFromRefund(
  ordercode: string,
  refund: Refund,
  dueAt: UnixSeconds | undefined,
): Record<string, Value> {
  return {
    out_refund_no: refund.outRefundNo,
    ordercode,
    transaction_id: refund.transactionId,
    // The table's CHECK has no state `cancelled`: `closed` with a `cancelled_at` means it.
    state: refund.state === 'cancelled' ? 'closed' : refund.state,
    refund_fee: refund.refundFee,
    total_fee: refund.totalFee,
    reason: orNull(refund.reason),
    notify_url: orNull(refund.notifyUrl),
    // NULL is WeChat's default.
    refund_account: refund.account === 'available' ? 'available' : null,
    source: refund.source,
    actor: orNull(refund.actor),
    requested_at: refund.requestedAt,
    started_at: orNull(refund.startedAt),
    accepted_at: orNull(refund.acceptedAt),
    ended_at: orNull(refund.endedAt),
    cancelled_at: orNull(refund.cancelledAt),
    refund_id: orNull(refund.refundId),
    received_by: orNull(refund.receivedBy),
    err_code: orNull(refund.errCode),
    err_code_des: orNull(refund.errCodeDes),
    due_at: orNull(dueAt),
  }
}
