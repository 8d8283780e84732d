import type { TransactionId } from '../../core/ids.ts'
import type { OrderView } from '../../core/order/order.ts'
import type { OutRefundNo } from '../../core/order/refund.ts'
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
 * Queries WeChat for the refunds of a payment and records each of them, also refunds that our records do not
 * have because they were made manually on the merchant platform.
 */
export async function importRefunds(
  deps: ImportRefundsDeps,
  view: OrderView,
  transactionId: TransactionId,
): Promise<Imported> {
  let current = view
  let seen = 0
  for (let page = 0; page < PAGES_MAX; page++) {
    const reply = await deps.wechat.refundsOf(transactionId, seen)
    if (reply.kind === 'absent') return { view: current, known: seen }
    if (reply.kind === 'unknown') return { view: current, known: undefined }
    // Closed refunds come first: a closed refund releases its amount, and another refund of the list may need
    // this room in the payment.
    const closedFirst = reply.records.toSorted(
      (a, b) => Number(b.status === 'closed') - Number(a.status === 'closed'),
    )
    for (const record of closedFirst) {
      // If WeChat's answer has a refund of another payment, it is not about the queried payment. The import
      // stops, as after an answer that is not clear.
      if (record.transactionId !== transactionId) return { view: current, known: undefined }
      current = (await recordRefundStatus(deps, current, record)).view
    }
    seen += reply.records.length
    if (reply.records.length === 0 || seen >= reply.total) break
  }
  return { view: current, known: seen }
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
