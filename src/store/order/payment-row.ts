/** The rows of payments, and the statements that write them. */
import type { TransactionId } from '../../core/ids.ts'
import type { OrderEvent, OrderView } from '../../core/order/order.ts'
import type { BookedPayment } from '../../core/order/payment.ts'
import type { UnixSeconds } from '../../core/time.ts'
import { orNull, text } from '../d1/columns.ts'
import type { Database, Statement, Value } from '../d1/database.ts'
import { type Guard, insertIf, updateIf } from '../d1/sql.ts'
import { keyOf } from './rows.ts'

/**
 * Makes the row of a payment.
 *
 * @param orderTransactionId The transaction_id of the payment that made the order `paid`. Every other payment
 *   of the order is stored as `further`.
 */
export function paymentRow(
  payment: BookedPayment,
  orderTransactionId: TransactionId | undefined,
): Record<string, Value> {
  const { ordercode, number } = keyOf(payment.outTradeNo)
  return {
    transaction_id: payment.transactionId,
    ordercode,
    number,
    further: orderTransactionId === payment.transactionId ? 0 : 1,
    openid: payment.openid,
    trade_type: payment.tradeType,
    fee_type: payment.feeType,
    total_fee: payment.totalFee,
    cash_fee: orNull(payment.cashFee),
    bank_type: orNull(payment.bankType),
    paid_at: payment.paidAt,
    returned: payment.returned ? 1 : 0,
    confirmed_at: orNull(payment.confirmedAt),
  }
}

/** Builds the statements that write new and changed payments, for the batch that writes the order. */
export function paymentChanges(
  before: OrderView,
  after: OrderView,
  event: OrderEvent,
  guard: Guard,
): readonly Statement[] {
  return after.payments.flatMap((payment) => {
    const row = paymentRow(payment, after.order.transactionId)
    const old = before.payments.find((each) => each.transactionId === payment.transactionId)
    if (old === undefined) {
      const found = { ...row, found_by: 'source' in event ? event.source : null }
      return [insertIf('payments', found, newPaymentGuard(payment, guard))]
    }
    if (old === payment) return []
    const oldRow = paymentRow(old, before.order.transactionId)
    return [updateIf('payments', oldRow, row, ['transaction_id'], guard)]
  })
}

/** The guard of a new payment: no order has a payment with its transaction_id. */
const newPaymentGuard = ({ transactionId }: BookedPayment, guard: Guard): Guard => ({
  sql: `NOT EXISTS (SELECT 1 FROM payments WHERE transaction_id = ?) AND ${guard.sql}`,
  params: [transactionId, ...guard.params],
})

const addedTo = (before: OrderView, after: OrderView): readonly BookedPayment[] =>
  after.payments.filter(
    ({ transactionId }) => !before.payments.some((each) => each.transactionId === transactionId),
  )

/**
 * The guard of what {@link paymentChanges} needs, such as a new attempt: it is written only if the new payments
 * will be.
 */
export const beforePayments = (before: OrderView, after: OrderView, guard: Guard): Guard =>
  addedTo(before, after).reduce((sum, payment) => newPaymentGuard(payment, sum), guard)

/**
 * The guard of all statements after {@link paymentChanges}. A payment whose transaction_id another order has
 * is not inserted; then nothing else of the batch must be written either.
 */
export function afterPayments(before: OrderView, after: OrderView, guard: Guard): Guard {
  const added = addedTo(before, after)
  return {
    sql: [
      ...added.map(
        () => 'EXISTS (SELECT 1 FROM payments WHERE transaction_id = ? AND ordercode = ?)',
      ),
      guard.sql,
    ].join(' AND '),
    params: [
      ...added.flatMap(({ transactionId }) => [transactionId, after.order.ordercode]),
      ...guard.params,
    ],
  }
}

/**
 * Finds the order that has a payment with this transaction_id. @returns its ordercode; undefined when there is
 * none.
 */
export async function ordercodeOfPayment(
  db: Database,
  transactionId: TransactionId,
): Promise<string | undefined> {
  const { rows } = await db.run(
    'SELECT ordercode FROM payments WHERE transaction_id = ?',
    transactionId,
  )
  return rows[0] === undefined ? undefined : text(rows[0], 'ordercode')
}

/** Stores that WeChat's answer to a query confirmed a payment. */
export async function saveConfirmation(
  db: Database,
  ordercode: string,
  transactionId: TransactionId,
  now: UnixSeconds,
): Promise<void> {
  await db.run(
    'UPDATE payments SET confirmed_at = ?3 WHERE transaction_id = ?1 AND ordercode = ?2',
    transactionId,
    ordercode,
    now,
  )
}

/**
 * SQL that makes the other open or closing attempts of a paid order due now, so that the cron closes them. The
 * payer could still pay them.
 *
 * @param number The attempt that was paid.
 */
export const makeOthersDue = (
  ordercode: string,
  number: number,
  now: UnixSeconds,
  guard: Guard,
): Statement => ({
  sql: `UPDATE attempts SET due_at = ?
        WHERE ordercode = ? AND number <> ? AND state IN ('open', 'closing') AND ${guard.sql}`,
  params: [now, ordercode, number, ...guard.params],
})
