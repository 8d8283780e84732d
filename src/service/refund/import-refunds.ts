import type { TransactionId } from '../../core/ids.ts'
import type { OrderView } from '../../core/order/order.ts'
import type { OutRefundNo, RefundRecord } from '../../core/order/refund.ts'
import type { Deps } from '../../ports/deps.ts'
import { recordRefundStatus } from './send-refund.ts'

type ImportRefundsDeps = Pick<
  Deps,
  'deliverSoon' | 'log' | 'now' | 'orders' | 'refunds' | 'reviews' | 'wechat'
>

/**
 * The maximum number of pages. WeChat lists ten refunds of a payment to a page, and twenty in all. Further
 * refunds can only be queried by their numbers.
 */
const PAGES_MAX = 2

/** The outcome of importing refunds from WeChat into an order. */
export type Imported = Readonly<{
  /** The order after the import. */
  view: OrderView
  /** The number of refunds in WeChat's answer; undefined when WeChat gave no clear answer. */
  known: number | undefined
}>

/**
 * Lists the refunds that WeChat has of a payment, also those that were made manually on the merchant platform.
 *
 * @returns undefined when WeChat gave no clear answer.
 */
export async function refundsAtWeChat(
  { wechat }: Pick<Deps, 'wechat'>,
  transactionId: TransactionId,
): Promise<readonly RefundRecord[] | undefined> {
  const records: RefundRecord[] = []
  for (let page = 0; page < PAGES_MAX; page++) {
    const reply = await wechat.refundsOf(transactionId, records.length)
    if (reply.kind === 'absent') break
    if (reply.kind === 'unknown') return undefined
    // If WeChat's answer has a refund of another payment, it is not about the queried payment.
    if (reply.records.some((record) => record.transactionId !== transactionId)) return undefined
    records.push(...reply.records)
    if (reply.records.length === 0 || records.length >= reply.total) break
  }
  return records
}

/** Records refunds that WeChat has of an order's payments. @returns the order with them. */
async function recordRefunds(
  deps: ImportRefundsDeps,
  view: OrderView,
  records: readonly RefundRecord[],
): Promise<OrderView> {
  // Closed refunds come first: a closed refund releases its amount, and another refund of the list may need
  // this room in the payment.
  const closedFirst = records.toSorted(
    (a, b) => Number(b.status === 'closed') - Number(a.status === 'closed'),
  )
  let current = view
  for (const record of closedFirst) {
    current = (await recordRefundStatus(deps, current, record)).view
  }
  return current
}

/** Lists the refunds of a payment at WeChat and records each of them. */
export async function importRefunds(
  deps: ImportRefundsDeps,
  view: OrderView,
  transactionId: TransactionId,
): Promise<Imported> {
  const records = await refundsAtWeChat(deps, transactionId)
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
  transactionId: TransactionId,
  outRefundNo: OutRefundNo,
): Promise<Imported> {
  const reply = await deps.wechat.refundQuery(outRefundNo)
  if (reply.kind === 'absent') return { view, known: 0 }
  const record =
    reply.kind === 'found'
      ? reply.records.find((each) => each.outRefundNo === outRefundNo)
      : undefined
  if (record === undefined) return { view, known: undefined }
  if (record.transactionId !== transactionId) return { view, known: 0 }
  const recorded = await recordRefundStatus(deps, view, record)
  return { view: recorded.view, known: recorded.kind === 'known' ? 1 : undefined }
}
