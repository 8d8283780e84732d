import type { TransactionId } from '../../core/ids.ts'
import type { BookedPayment } from '../../core/order/payment.ts'
import type { UnixSeconds } from '../../core/time.ts'
import { orNull } from '../d1/columns.ts'
import type { Statement, Value } from '../d1/database.ts'
import type { Guard } from '../d1/sql.ts'
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
  }
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
