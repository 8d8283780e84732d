/**
 * Writes orders with their attempts, payments and refunds directly into the database, without the guards of the store's
 * statements.
 */
import { env } from 'cloudflare:workers'
import type { OrderView } from '../../src/core/order/order.ts'
import { viewRows } from './view-rows.ts'

/** Empties the tables that belong to orders, and inserts these orders. */
export async function putViews(...views: readonly OrderView[]): Promise<void> {
  await env.DB.batch(viewRows(views).map(({ sql, params }) => env.DB.prepare(sql).bind(...params)))
}
