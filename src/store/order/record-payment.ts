/**
 * The fast path of the event `payment_booked`: records a payment, its event and its webhook, and reads the order
 * back, in one round trip. It covers only the usual case. When a clause of its guard is false, nothing is
 * written, and the caller applies `transition`, which records late and second payments or explains the refusal.
 *
 * Each clause of the guard corresponds to a rule of `onPaymentBooked` in `core/order/transition.ts` or of
 * `checkPayment` in `core/order/payment-check.ts`. A table test (`test/store/order/two-deciders.test.ts`)
 * generates cases and checks that the SQL records a payment exactly when the transition returns `changed` and
 * opens no review, and that both write the same rows.
 *
 * | clause | pure rule |
 * |---|---|
 * | the caller has checked that the policy does not return the payment | `goesBack` |
 * | the caller has checked `isUsual` | `checkPayment`: `currency_mismatch`, `foreign_payment` by trade_type; an operator's decision skips checks |
 * | the order is `paying` | `created` is illegal, `paid` is `second_payment`, `closed` is late |
 * | the attempt's `appid` and `mch_id` are the payment's | `checkPayment`: `wrong_merchant` |
 * | the attempt's `total_fee` is the payment's | `checkPayment`: `amount_mismatch` |
 * | the attempt's `openid` is the payment's | `checkPayment`: `foreign_payment` by openid |
 * | the attempt's `time_start` is not after `time_end` | `checkPayment`: `foreign_payment` by time_end, with `CLOCK_SKEW_S` |
 * | the attempt's `total_fee` and `openid` are the order's | `isOutdated`: the shop has changed price or payer, so it is late |
 * | the `transaction_id` has no row | `isBooked`: `unchanged` |
 *
 * The last clause sees more than the transition, which sees a single order: when the transaction_id is recorded
 * for another order, nothing is written, and the caller rejects the payment as `transaction_conflict`.
 */
import type { Actor } from '../../core/actor.ts'
import { parseOutTradeNo } from '../../core/ids.ts'
import type { OrderEvent, OrderView } from '../../core/order/order.ts'
import { CLOCK_SKEW_S } from '../../core/order/payment-check.ts'
import type { BookedPayment, Payment, Source } from '../../core/order/payment.ts'
import { later, type UnixSeconds } from '../../core/time.ts'
import type { Webhook } from '../../core/webhook.ts'
import type { Database } from '../d1/database.ts'
import { furtherEvent } from '../d1/history.ts'
import { deliveryRow, type Outbox } from '../d1/outbox.ts'
import { type Guard, insertIf, nextRevision } from '../d1/sql.ts'
import { eventData } from './event-data.ts'
import { makeOthersDue, paymentRow } from './payment-row.ts'
import { WITHOUT_SENDING } from './rows.ts'
import { viewFrom, viewStatement } from './views.ts'

/**
 * Records a payment for which `isUsual` (`core/order/payment-check.ts`) is true, and which does not go back.
 *
 * @param refunded Whether WeChat has refunds of the payment, which the cron must import.
 * @returns `recorded` is false when a clause of the guard was false. `view` is the order as it is afterwards;
 *   undefined when the out_trade_no does not have our format or the order does not exist.
 */
export async function recordPayment(
  db: Database,
  payment: Payment,
  source: Source,
  refunded: boolean,
  now: UnixSeconds,
  outbox: Outbox,
  actor: Actor,
): Promise<Readonly<{ recorded: boolean; view: OrderView | undefined }>> {
  const ours = parseOutTradeNo(payment.outTradeNo)
  if (ours === undefined) return { recorded: false, view: undefined }
  const { ordercode, number } = ours

  const fits: Guard = {
    sql: `EXISTS (
        SELECT 1 FROM attempts JOIN orders USING (ordercode)
        WHERE ordercode = ? AND number = ? AND orders.state = 'paying'
          AND attempts.appid = ? AND attempts.mch_id = ?
          AND attempts.total_fee = ? AND attempts.openid = ? AND attempts.time_start <= ?
          AND attempts.total_fee = orders.total_fee
          AND (orders.openid IS NULL OR orders.openid = attempts.openid)
      ) AND NOT EXISTS (SELECT 1 FROM payments WHERE transaction_id = ?)`,
    params: [
      ordercode,
      number,
      payment.appid,
      payment.mchId,
      payment.totalFee,
      payment.openid,
      later(payment.paidAt, CLOCK_SKEW_S),
      payment.transactionId,
    ],
  }
  // The guard of all statements after the INSERT of the payment: the payment's row exists, is not one that was
  // recorded beside the order, and the order is still `paying`. The UPDATE of the order makes it `paid`, so the
  // guard is false when the batch is retried.
  const entered: Guard = {
    sql: `EXISTS (SELECT 1 FROM payments WHERE transaction_id = ? AND ordercode = ? AND number = ?
        AND further = 0)
      AND EXISTS (SELECT 1 FROM orders WHERE ordercode = ? AND state = 'paying')`,
    params: [payment.transactionId, ordercode, number, ordercode],
  }
  const booked: BookedPayment = {
    ...payment,
    returned: false,
    confirmedAt: source === 'notice' ? undefined : now,
  }
  const event: OrderEvent = {
    type: 'payment_booked',
    payment,
    source,
    policy: { kind: 'keep' },
    refunded,
  }
  const webhook: Webhook = {
    type: 'order.paid',
    subject: payment.transactionId,
    ordercode,
    revision: undefined,
  }
  const stored = furtherEvent(
    { ordercode, transactionId: payment.transactionId },
    nextRevision('revision'),
    { type: event.type, at: now, actor, data: JSON.stringify(eventData(event)) },
    entered,
  )
  const { revision: _, ...delivery } = deliveryRow(webhook, now, outbox)
  const [, , , , , updated, read] = await db.batch([
    // The cron adds the payment to the sums of its day when it takes up the webhook.
    insertIf(
      'payments',
      { ...paymentRow(booked, payment.transactionId), found_by: source, sum_at: now },
      fits,
    ),
    stored.insert,
    {
      sql: `INSERT INTO deliveries (${Object.keys(delivery).join(', ')}, revision)
            SELECT ${Object.keys(delivery)
              .map(() => '?')
              .join(', ')}, ${nextRevision('revision')}
            FROM orders WHERE ordercode = ? AND ${entered.sql}`,
      params: [...Object.values(delivery), ordercode, ...entered.params],
    },
    {
      sql: `UPDATE attempts SET state = 'paid', due_at = ?, ${WITHOUT_SENDING}
            WHERE ordercode = ? AND number = ? AND ${entered.sql}`,
      params: [refunded ? now : null, ordercode, number, ...entered.params],
    },
    makeOthersDue(ordercode, number, now, entered),
    {
      sql: `UPDATE orders SET state = 'paid', revision = ${nextRevision('revision')}, transaction_id = ?,
              paid_at = ?, due_at = NULL, history = ${stored.history.sql}
            WHERE ordercode = ? AND ${entered.sql}`,
      params: [
        payment.transactionId,
        payment.paidAt,
        ...stored.history.params,
        ordercode,
        ...entered.params,
      ],
    },
    viewStatement(ordercode),
  ])
  return { recorded: updated?.changes === 1, view: viewFrom(read) }
}
