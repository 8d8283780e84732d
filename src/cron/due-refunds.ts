/** Refunds whose time has come: to be sent, or asked about. */
import { isOverdue, refundDue } from '../core/order/refund-schedule.ts'
import { findRefund } from '../core/order/refund-transition.ts'
import { ofPayment } from '../core/order/refund.ts'
import { refundReview } from '../core/order/reviews.ts'
import type { Deps, TickBudget } from '../ports/deps.ts'
import type { ClaimedRefunds, NextRefundDue } from '../ports/refund-store.ts'
import { openReview } from '../service/open-review.ts'
import { settleRefund } from '../service/refund/send-refund.ts'
import { orFailed, workOff } from './work-pool.ts'

/** Sent, its refusal confirmed; or asked about, and sent again. */
const ITEM_CALLS_MAX = 2
/** Read by key, started, sent, and what came of it. */
const ITEM_STATEMENTS_MAX = 13
/** The claim, and the rescheduling. */
const OWN_STATEMENTS = 2

export type RefundReport = Readonly<{ done: number; mayBeMore: boolean }>

/** @param limits What the tick may have used in all when this part ends. */
export async function refundDueRefunds(deps: Deps, limits: TickBudget): Promise<RefundReport> {
  const room = Math.min(
    Math.floor((limits.calls - deps.callsUsed()) / ITEM_CALLS_MAX),
    Math.floor(
      (limits.statements - deps.store.statementsUsed() - OWN_STATEMENTS) / ITEM_STATEMENTS_MAX,
    ),
  )
  if (room <= 0) return { done: 0, mayBeMore: true }
  // No more are leased than can be worked off: a leased row waits for the lease to end.
  const claimed = await deps.store.claimRefunds(deps.now(), room)
  const ordercodes = [...new Set(claimed.items.map(({ ordercode }) => ordercode))]
  const next: NextRefundDue[] = []
  // Those of one order one after the other: they change the same order.
  await workOff(
    ordercodes,
    () => true,
    async (ordercode) => {
      const ofOrder = claimed.items.filter((item) => item.ordercode === ordercode)
      for (const item of ofOrder) {
        const due = await orFailed(deps, () => runRefund(deps, item))
        if (due !== 'failed') next.push(due)
      }
    },
  )
  await deps.store.rescheduleRefunds(claimed, next)
  return { done: claimed.items.length, mayBeMore: claimed.items.length === room }
}

async function runRefund(
  deps: Deps,
  { ordercode, outRefundNo, turn }: ClaimedRefunds['items'][number],
): Promise<NextRefundDue> {
  const view = await deps.store.load(ordercode)
  const refund = view === undefined ? undefined : findRefund(view, outRefundNo)
  if (view === undefined || refund === undefined) return { outRefundNo, dueAt: undefined }

  const { view: after } = await settleRefund(deps, view, refund, turn)
  const now = findRefund(after, outRefundNo) ?? refund
  const others = ofPayment(after.refunds, refund.transactionId).filter(
    (each) => each.outRefundNo !== outRefundNo,
  )
  const dueAt = refundDue(now, others, deps.now())
  if (isOverdue(now, deps.now())) {
    await openReview(deps, refundReview('refund_overdue', now, ordercode))
  }
  return { outRefundNo, dueAt }
}
