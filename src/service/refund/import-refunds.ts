import type { OrderView } from '../../core/order/order.ts'
import type { Payment } from '../../core/order/payment.ts'
import type { OutRefundNo, RefundRecord } from '../../core/order/refund.ts'
import type { Deps } from '../../ports/deps.ts'
import { refundsAtWeChat } from './refunds-at-wechat.ts'
import { recordRefundStatus } from './refund-status.ts'

type ImportRefundsDeps = Pick<
  Deps,
  'deliverSoon' | 'log' | 'now' | 'orders' | 'refunds' | 'reviews' | 'wechat'
>

/** The outcome of importing refunds from WeChat into an order. */
export type Imported = Readonly<{
  /** The order after the import. */
  view: OrderView
  /** The number of refunds in WeChat's answer; undefined when WeChat gave no clear answer. */
  known: number | undefined
}>

/** Records refunds that WeChat has of an order's payments. @returns the order with them. */
async function recordRefunds(
  deps: ImportRefundsDeps,
  view: OrderView,
  records: readonly RefundRecord[],
): Promise<OrderView> {
  let current = view
  for (const record of records) {
    current = (await recordRefundStatus(deps, current, record)).view
  }
  return current
}

/** Lists the refunds of a payment at WeChat and records each of them. */
export async function importRefunds(
  deps: ImportRefundsDeps,
  view: OrderView,
  payment: Payment,
): Promise<Imported> {
  const records = await refundsAtWeChat(deps, payment)
  if (records === undefined) return { view, known: undefined }
  return { view: await recordRefunds(deps, view, records), known: records.length }
}

/**
 * Queries WeChat for one refund, which a notice or a bill names, and records it. When a payment has more than
 * twenty refunds, the Worker can learn of the later ones only in this way.
 */
export async function importRefund(
  deps: ImportRefundsDeps,
  view: OrderView,
  payment: Payment,
  outRefundNo: OutRefundNo,
): Promise<Imported> {
  const reply = await deps.wechat.refundQuery(outRefundNo, payment)
  if (reply.kind === 'absent') return { view, known: 0 }
  const record =
    reply.kind === 'found'
      ? reply.records.find((each) => each.outRefundNo === outRefundNo)
      : undefined
  if (record === undefined) return { view, known: undefined }
  if (record.transactionId !== payment.transactionId) return { view, known: 0 }
  const recorded = await recordRefundStatus(deps, view, record)
  return { view: recorded.view, known: recorded.kind === 'known' ? 1 : undefined }
}
