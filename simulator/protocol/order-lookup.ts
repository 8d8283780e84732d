import type { SimulatedOrder } from '../state/ledger.ts'
import type { World } from '../state/world.ts'

/** The order that a request is about. With both numbers given, WeChat prefers its own. */
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
