/** Queries WeChat about a refund, and stores what WeChat reports. */
import type { OrderView } from '../../core/order/order.ts'
import { recordEvent } from '../../core/order/refund-transition.ts'
import type { Refund, RefundRecord } from '../../core/order/refund.ts'
import { conflictReview } from '../../core/order/reviews.ts'
import { err } from '../../lib/result.ts'
import type { Deps } from '../../ports/deps.ts'
import { applyEvent } from '../apply-event.ts'
import { openReview } from '../open-review.ts'

type RefundStatusDeps = Pick<
  Deps,
  'deliverSoon' | 'log' | 'now' | 'orders' | 'refunds' | 'reviews' | 'wechat'
>

/** The outcome of sending or querying a refund. */
export type RefundStatus = Readonly<{
  /** The order after WeChat's answer was stored. */
  view: OrderView
  /**
   * `known`: WeChat's answer is stored. `waiting`: the refund was not sent, or WeChat does not accept it
   * yet. `unknown`: WeChat gave no clear answer. `misconfigured`: the operator must fix the configuration.
   */
  kind: 'known' | 'waiting' | 'unknown' | 'misconfigured'
  /** The refund's status in WeChat's report; undefined when WeChat's answer has no report. */
  status?: RefundRecord['status']
}>

/**
 * Queries WeChat about a refund, and stores the answer.
 *
 * @returns `absent` when WeChat has no refund with this number.
 */
export async function queryRefund(
  deps: RefundStatusDeps,
  view: OrderView,
  refund: Refund,
): Promise<RefundStatus | 'absent'> {
  const { outRefundNo } = refund
  const reply = await deps.wechat.refundQuery(outRefundNo, refund)
  if (reply.kind === 'absent') return 'absent'
  const record =
    reply.kind === 'found'
      ? reply.records.find((each) => each.outRefundNo === outRefundNo)
      : undefined
  return record === undefined ? { view, kind: 'unknown' } : recordRefundStatus(deps, view, record)
}

/**
 * Stores what WeChat reports about one refund of the order. If the report contradicts our records, for
 * example with another amount, a review of kind `refund_conflict` opens.
 */
export async function recordRefundStatus(
  deps: RefundStatusDeps,
  view: OrderView,
  record: RefundRecord,
): Promise<RefundStatus> {
  const { ordercode } = view.order
  const event = recordEvent(view, record)
  // A refund that was made on the merchant platform may have a
  // number that the shop uses for a refund of another order.
  const owner =
    event.type === 'refund_discovered'
      ? await deps.refunds.ordercodeOf(record.outRefundNo)
      : ordercode
  const applied =
    owner === undefined || owner === ordercode
      ? await applyEvent(deps, view, event)
      : err({ reason: 'refund_conflict' } as const)
  const { status } = record
  if (applied.ok) return { view: applied.value, kind: 'known', status }
  const { reason } = applied.error
  deps.log({
    event: 'refund_not_booked',
    ordercode,
    out_refund_no: record.outRefundNo,
    reason,
  })
  if (reason === 'contended' || reason === 'illegal_transition') return { view, kind: 'unknown' }
  // WeChat moved money that does not fit our records, so a
  // person must look. Another query would change nothing.
  await openReview(deps, conflictReview(record, ordercode, reason))
  return { view, kind: 'known' }
}
