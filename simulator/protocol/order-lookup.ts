import type { SimulatedOrder } from '../state/ledger.ts'
import type { World } from '../state/world.ts'

/**
 * Finds the order that a request names. If the request has both numbers, WeChat uses transaction_id and ignores out_trade_no.
 */
export function lookUpOrder(
  fields: ReadonlyMap<string, string>,
  { ledger, clock }: World,
): SimulatedOrder | undefined {
  const now = clock.now()
  const transactionId = fields.get('transaction_id')
  return transactionId === undefined
    ? ledger.find(fields.get('out_trade_no') ?? '', now)
    : ledger.findByTransaction(transactionId, now)
}
