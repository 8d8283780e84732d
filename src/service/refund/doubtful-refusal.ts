import type { OrderView } from '../../core/order/order.ts'
import { isRefundable } from '../../core/order/refund-schedule.ts'
import { fitsPayment, type Refund } from '../../core/order/refund.ts'
import type { Deps } from '../../ports/deps.ts'
import { refundsAtWeChat } from './refunds-at-wechat.ts'

/**
 * Whether an answer that states its reason in words only is a refusal. The words do not decide, because WeChat may
 * change them. Facts decide: the age of the payment, and what the refunds that WeChat has of it leave.
 *
 * @returns also true when WeChat has this very refund: the query that must confirm a refusal finds it.
 */
export async function isRefusal(
  deps: Pick<Deps, 'now' | 'wechat'>,
  { payments }: OrderView,
  refund: Refund,
): Promise<boolean> {
  const payment = payments.find((each) => each.transactionId === refund.transactionId)
  if (payment === undefined) return false
  if (!isRefundable(payment, deps.now())) return true
  const records = await refundsAtWeChat(deps, payment)
  if (records === undefined) return false
  const isKnown = records.some((each) => each.outRefundNo === refund.outRefundNo)
  return isKnown || !fitsPayment(refund, records)
}
