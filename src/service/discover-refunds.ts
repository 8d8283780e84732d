import type { TransactionId } from '../core/ids.ts'
import type { OrderView } from '../core/order.ts'
import type { Deps } from './ports.ts'
import { learn } from './send-refund.ts'

/** WeChat gives ten at a time, and allows fifty. */
const PAGES_MAX = 5

export type Discovered = Readonly<{
  view: OrderView
  /** How many refunds WeChat knows of the payment; undefined when it did not say. */
  known: number | undefined
}>

/**
 * Learns every refund that WeChat knows of a payment: those made by hand on the merchant platform too,
 * of which nothing else tells.
 */
export async function discoverRefunds(
  deps: Deps,
  view: OrderView,
  transactionId: TransactionId,
): Promise<Discovered> {
  let current = view
  let seen = 0
  for (let page = 0; page < PAGES_MAX; page++) {
    const reply = await deps.wechat.refundsOf(transactionId, seen)
    if (reply.kind === 'absent') return { view: current, known: seen }
    if (reply.kind === 'unknown') return { view: current, known: undefined }
    for (const record of reply.records) {
      // An answer about another payment proves nothing about this one.
      if (record.transactionId !== transactionId) return { view: current, known: undefined }
      current = (await learn(deps, current, record)).view
    }
    seen += reply.records.length
    if (reply.records.length === 0 || seen >= reply.total) break
  }
  return { view: current, known: seen }
}
