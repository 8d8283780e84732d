/**
 * Writes orders with their attempts, payments and refunds directly into the database, without the guards of the store's
 * statements.
 */
import { env } from 'cloudflare:workers'
import type { OrderView } from '../../src/core/order/order.ts'
import type { Statement } from '../../src/store/d1/database.ts'
import { insertIf } from '../../src/store/d1/sql.ts'
import { paymentRow } from '../../src/store/order/payment-row.ts'
import { rowFromRefund } from '../../src/store/order/refunds.ts'
import { rowFromAttempt, rowFromOrder } from '../../src/store/order/rows.ts'

const TABLES = ['refunds', 'reviews', 'deliveries', 'payments', 'events', 'attempts', 'orders']
const ALWAYS = { sql: 'true', params: [] }

/** Empties the tables that belong to orders, and inserts these orders. */
export async function putViews(...views: readonly OrderView[]): Promise<void> {
  const statements: Statement[] = [
    ...TABLES.map((table) => ({ sql: `DELETE FROM ${table}`, params: [] })),
    ...views.flatMap(({ order, attempts, payments, refunds }) => [
      insertIf('orders', rowFromOrder(order, undefined), ALWAYS),
      ...attempts.map((attempt) =>
        insertIf('attempts', rowFromAttempt(order.ordercode, attempt, undefined), ALWAYS),
      ),
      ...payments.map((payment) =>
        insertIf('payments', paymentRow(payment, order.transactionId), ALWAYS),
      ),
      ...refunds.map((refund) =>
        insertIf('refunds', rowFromRefund(order.ordercode, refund, undefined), ALWAYS),
      ),
    ]),
  ]
  await env.DB.batch(statements.map(({ sql, params }) => env.DB.prepare(sql).bind(...params)))
}
