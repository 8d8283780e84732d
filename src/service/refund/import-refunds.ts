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
 * WeChat lists the refunds of a payment ten to a page, and no more than twenty in all. Further refunds can
 * only be queried by their number.
 */
const PAGES_MAX = 2

/** The outcome of an import. */
export type Imported = Readonly<{
  /** The order after the import. */
  view: OrderView
  /** How many refunds WeChat listed; undefined when it gave no clear answer. */
  known: number | undefined
}>

/**
 * Queries WeChat for the refunds of a payment and records each, including those that were made manually on
 * the merchant platform, which our records do not have.
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
    // Closed refunds first: a closed refund releases its amount, which another one in the list may need.
    const closedFirst = reply.records.toSorted(
      (a, b) => Number(b.status === 'closed') - Number(a.status === 'closed'),
    )
    for (const record of closedFirst) {
      // An answer that is about another payment proves nothing about this one.
      if (record.transactionId !== transactionId) return { view: current, known: undefined }
      current = (await recordRefundStatus(deps, current, record)).view
    }
    seen += reply.records.length
    if (reply.records.length === 0 || seen >= reply.total) break
  }
  return { view: current, known: seen }
}

/**
 * Queries WeChat for one refund, which a notice or a bill names, and records it. When a payment has more
 * than twenty refunds, the later ones can be learned only in this way.
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
