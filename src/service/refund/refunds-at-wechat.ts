import type { Payment } from '../../core/order/payment.ts'
import type { RefundRecord } from '../../core/order/refund.ts'
import type { Deps } from '../../ports/deps.ts'

/**
 * The maximum number of pages. WeChat lists ten refunds of a payment to a page, and twenty in all. Further
 * refunds can only be queried by their numbers.
 */
const PAGES_MAX = 2

/**
 * Lists the refunds that WeChat has of a payment, also those that were made manually on the merchant platform.
 *
 * @returns undefined when WeChat gave no clear answer.
 */
export async function refundsAtWeChat(
  { wechat }: Pick<Deps, 'wechat'>,
  payment: Payment,
): Promise<readonly RefundRecord[] | undefined> {
  const { transactionId } = payment
  const records: RefundRecord[] = []
  for (let page = 0; page < PAGES_MAX; page++) {
    const reply = await wechat.refundsOf(transactionId, records.length, payment)
    if (reply.kind === 'absent') break
    if (reply.kind === 'unknown') return undefined
    // If WeChat's answer has a refund of another payment, it is not about the queried payment.
    if (reply.records.some((record) => record.transactionId !== transactionId)) return undefined
    records.push(...reply.records)
    if (reply.records.length === 0 || records.length >= reply.total) break
  }
  return records
}
