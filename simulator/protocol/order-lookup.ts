import type { SimulatedOrder } from '../state/ledger.ts'
import type { World } from '../state/world.ts'

/** The order that a request names. If the request has both numbers, WeChat goes by transaction_id. */
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
