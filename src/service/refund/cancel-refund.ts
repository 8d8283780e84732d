import { isOurs } from '../../core/merchant.ts'
import type { OrderView } from '../../core/order/order.ts'
import { mayBeUnderWay } from '../../core/order/refund-schedule.ts'
import { findRefund } from '../../core/order/refund-transition.ts'
import type { OutRefundNo, Refund, RefundState } from '../../core/order/refund.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import type { Deps } from '../../ports/deps.ts'
import type { SendLease } from '../../ports/refund-store.ts'
import { applyEvent } from '../apply-event.ts'
import { queryRefund } from './refund-status.ts'

type CancelRefundDeps = Pick<
  Deps,
  'config' | 'deliverSoon' | 'log' | 'now' | 'orders' | 'refunds' | 'reviews' | 'wechat'
>

/** Why a refund was not called off. Each reason is an error code of the HTTP interface. */
export type CancelError =
  | Readonly<{ reason: 'order_not_found' | 'refund_not_found' | 'wechat_unavailable' }>
  /** Another merchant number would say that it does not know the refund. */
  | Readonly<{ reason: 'other_merchant' }>
  /** WeChat has the refund, or a message of it may still arrive there. */
  | Readonly<{ reason: 'refund_under_way'; state: RefundState }>

/**
 * Calls off a refund that WeChat has provably not taken on, which releases its amount. The proof: no message of the
 * refund was ever sent; or none can be on its way, and WeChat says that it does not know the refund. Until the
 * outcome is stored, the lease keeps every concurrent sender away.
 */
export async function cancelRefund(
  deps: CancelRefundDeps,
  ordercode: string,
  outRefundNo: OutRefundNo | undefined,
): Promise<Result<Refund, CancelError>> {
  // The lease comes first: what is read before another sender is kept away may be outdated at once.
  const lease =
    outRefundNo && (await deps.refunds.acquireEndLease(ordercode, outRefundNo, deps.now()))
  const view = await deps.orders.load(ordercode)
  if (view === undefined) return err({ reason: 'order_not_found' })
  const refund = outRefundNo && findRefund(view, outRefundNo)
  if (refund === undefined) return err({ reason: 'refund_not_found' })
  if (refund.state === 'cancelled') return ok(refund)
  const mayAsk = isOurs(refund, deps.config)
  if (lease === undefined) return mayAsk ? underWay(refund) : OTHER_MERCHANT
  const cancelled = mayAsk ? await cancelUnderLease(deps, view, refund, lease) : OTHER_MERCHANT
  if (!cancelled.ok) await deps.refunds.releaseSendLease(ordercode, refund.outRefundNo, lease)
  return cancelled
}

async function cancelUnderLease(
  deps: CancelRefundDeps,
  view: OrderView,
  refund: Refund,
  lease: SendLease,
): Promise<Result<Refund, CancelError>> {
  if (refund.state !== 'requested') return underWay(refund)
  const wasSent = refund.startedAt !== undefined
  if (wasSent) {
    if (mayBeUnderWay(lease.unansweredAt, deps.now())) return underWay(refund)
    const asked = await queryRefund(deps, view, refund)
    if (asked !== 'absent') {
      const known = findRefund('view' in asked ? asked.view : view, refund.outRefundNo)
      return asked.kind === 'known'
        ? underWay(known ?? refund)
        : err({ reason: 'wechat_unavailable' })
    }
  }
  const { outRefundNo } = refund
  const applied = await applyEvent(deps, view, {
    type: 'refund_cancelled',
    outRefundNo,
    proof: wasSent ? 'absent_at_wechat' : 'never_sent',
    lease,
  })
  const after = applied.ok ? findRefund(applied.value, outRefundNo) : undefined
  if (after === undefined) return underWay(refund)
  deps.log({
    event: 'refund_cancelled',
    ordercode: view.order.ordercode,
    out_refund_no: outRefundNo,
  })
  return ok(after)
}

const OTHER_MERCHANT: Result<never, CancelError> = err({ reason: 'other_merchant' })

const underWay = ({ state }: Refund): Result<never, CancelError> =>
  err({ reason: 'refund_under_way', state })
