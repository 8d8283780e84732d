import type { OrderView } from '../../src/core/order/order.ts'
import type { Statement } from '../../src/store/d1/database.ts'
import { insertIf } from '../../src/store/d1/sql.ts'
import { paymentRow } from '../../src/store/order/payment-row.ts'
import { rowFromRefund } from '../../src/store/order/refunds.ts'
import { rowFromAttempt, rowFromOrder } from '../../src/store/order/rows.ts'

const TABLES = ['refunds', 'reviews', 'deliveries', 'payments', 'events', 'attempts', 'orders']
const ALWAYS = { sql: 'true', params: [] }

/** The statements that empty the tables that belong to orders, and insert these orders. Nothing is due. */
export const viewRows = (views: readonly OrderView[]): readonly Statement[] => [
  ...TABLES.map((table) => ({ sql: `DELETE FROM ${table}`, params: [] })),
  ...views.flatMap(({ order, attempts, payments, refunds }) => [
    insertIf('orders', rowFromOrder(order, undefined), ALWAYS),
    ...attempts.map((attempt) =>
      insertIf('attempts', rowFromAttempt(order, attempt, undefined), ALWAYS),
    ),
    ...payments.map((payment) =>
      insertIf('payments', paymentRow(payment, order.transactionId), ALWAYS),
    ),
    ...refunds.map((refund) =>
      insertIf('refunds', rowFromRefund(order.ordercode, refund, undefined), ALWAYS),
    ),
  ]),
]
