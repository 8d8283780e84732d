/** Claims due refunds for one run of the cron, and takes a claimed refund one step further. */
import { isOurs } from '../../core/merchant.ts'
import { isOverdue, refundDueAt, waitsLong } from '../../core/order/refund-schedule.ts'
import { findRefund } from '../../core/order/refund-transition.ts'
import { ofPayment } from '../../core/order/refund.ts'
import { heldReview, refundReview } from '../../core/order/reviews.ts'
import type { Deps } from '../../ports/deps.ts'
import type { ClaimedRefund, NextRefundDue } from '../../ports/refund-store.ts'
import { openReview } from '../open-review.ts'
import { setAside } from '../other-merchants.ts'
import { advanceRefund } from './send-refund.ts'
import { reviewWaiting } from './waiting-review.ts'

type DueRefundsDeps = Pick<
  Deps,
  'deliverSoon' | 'log' | 'now' | 'orders' | 'refunds' | 'reviews' | 'wechat'
>

/** Due refunds that are leased to this run of the cron, grouped by order. */
export type DueRefunds = Readonly<{
  count: number
  /**
   * The refunds grouped by order. Refunds of one order change
   * the same order, so one is worked on after the other.
   */
  byOrder: readonly (readonly ClaimedRefund[])[]
  /** Stores when the cron looks at claimed refunds again. */
  reschedule: (next: readonly NextRefundDue[]) => Promise<void>
}>

/**
 * Leases due refunds to this run, the longest due first. If refunds are held back, one review about all of them
 * opens. Refunds of other merchant numbers are set aside.
 *
 * @param limit The maximum number of refunds to claim.
 */
export async function claimDueRefunds(
  deps: Pick<Deps, 'config' | 'deliverSoon' | 'log' | 'now' | 'orders' | 'refunds' | 'reviews'>,
  limit: number,
): Promise<DueRefunds> {
  const { config, now, refunds } = deps
  const claimed = await refunds.claimDue(now(), limit)
  if (claimed.held !== undefined) await openReview(deps, heldReview(claimed.held))
  const ours = claimed.items.filter((item) => isOurs(item, config))
  await setAside(
    deps,
    claimed.items.flatMap((item) => (isOurs(item, config) ? [] : [item.mchId])),
  )
  const ordercodes = [...new Set(ours.map(({ ordercode }) => ordercode))]
  return {
    count: claimed.items.length,
    byOrder: ordercodes.map((ordercode) => ours.filter((item) => item.ordercode === ordercode)),
    reschedule: (next) => refunds.reschedule(claimed, next),
  }
}

/**
 * Sends or queries a due refund, and opens a review if the refund is overdue.
 *
 * @returns when the refund is due again, and whether WeChat gave a clear answer about it.
 */
export async function advanceDueRefund(
  deps: DueRefundsDeps,
  { ordercode, outRefundNo, lease }: ClaimedRefund,
): Promise<NextRefundDue & Readonly<{ isAnswered: boolean }>> {
  const view = await deps.orders.load(ordercode)
  const refund = view === undefined ? undefined : findRefund(view, outRefundNo)
  if (view === undefined || refund === undefined) {
    return { ordercode, outRefundNo, dueAt: undefined, isAnswered: true }
  }
  const { view: after, kind } = await advanceRefund(deps, view, refund, lease)
  const isAnswered = kind !== 'unknown'
  const current = findRefund(after, outRefundNo) ?? refund
  const others = ofPayment(after.refunds, refund.transactionId).filter(
    (each) => each.outRefundNo !== outRefundNo,
  )
  const dueAt = refundDueAt(current, others, deps.now(), isAnswered)
  if (waitsLong(current, deps.now())) await reviewWaiting(deps, current, ordercode)
  if (isOverdue(current, deps.now())) {
    await openReview(deps, refundReview('refund_overdue', current, ordercode))
  }
  return { ordercode, outRefundNo, dueAt, isAnswered }
}
