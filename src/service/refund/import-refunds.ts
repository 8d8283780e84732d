import type { TransactionId } from '../../core/ids.ts'
import type { OrderView } from '../../core/order/order.ts'
import type { OutRefundNo } from '../../core/order/refund.ts'
import type { Deps } from '../../ports/deps.ts'
import { recordRefundStatus } from './send-refund.ts'

type DiscoverRefundsDeps = Pick<
  Deps,
  'deliverSoon' | 'log' | 'now' | 'orders' | 'refunds' | 'reviews' | 'wechat'
>

/** WeChat gives ten at a time, and no more than twenty so; the others it tells of by their number. */
const PAGES_MAX = 2

export type Imported = Readonly<{
  view: OrderView
  /** How many refunds WeChat knows of the payment; undefined when it did not say. */
  known: number | undefined
}>

/**
 * Learns every refund that WeChat knows of a payment: those made by hand on the merchant platform too,
 * of which nothing else tells.
 */
export async function importRefunds(
  deps: DiscoverRefundsDeps,
  view: OrderView,
  transactionId: TransactionId,
): Promise<Imported> {
  let current = view
  let seen = 0
  for (let page = 0; page < PAGES_MAX; page++) {
    const reply = await deps.wechat.refundsOf(transactionId, seen)
    if (reply.kind === 'absent') return { view: current, known: seen }
    if (reply.kind === 'unknown') return { view: current, known: undefined }
    // A closed one gives its amount free, perhaps for one of the others.
    const closedFirst = reply.records.toSorted(
      (a, b) => Number(b.status === 'closed') - Number(a.status === 'closed'),
    )
    for (const record of closedFirst) {
      // An answer about another payment proves nothing about this one.
      if (record.transactionId !== transactionId) return { view: current, known: undefined }
      current = (await recordRefundStatus(deps, current, record)).view
    }
    seen += reply.records.length
    if (reply.records.length === 0 || seen >= reply.total) break
  }
  return { view: current, known: seen }
}

/**
 * Learns one refund by its number, of which a notice or a bill told. Where a payment has more than
 * twenty, WeChat tells of the later ones only so.
 */
export async function importRefund(
  deps: DiscoverRefundsDeps,
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
  const learnt = await recordRefundStatus(deps, view, record)
  return { view: learnt.view, known: learnt.kind === 'known' ? 1 : undefined }
}
