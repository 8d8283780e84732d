import { findRefund } from '../../core/order/refund-transition.ts'
import type { OutRefundNo, Refund } from '../../core/order/refund.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import type { Deps } from '../../ports/deps.ts'

/** Reads one refund of an order. @param outRefundNo Undefined for text that cannot be a refund number. */
export async function readRefund(
  { orders }: Pick<Deps, 'orders'>,
  ordercode: string,
  outRefundNo: OutRefundNo | undefined,
): Promise<Result<Refund, Readonly<{ reason: 'order_not_found' | 'refund_not_found' }>>> {
  const view = await orders.load(ordercode)
  if (view === undefined) return err({ reason: 'order_not_found' })
  const refund = outRefundNo === undefined ? undefined : findRefund(view, outRefundNo)
  return refund === undefined ? err({ reason: 'refund_not_found' }) : ok(refund)
}
