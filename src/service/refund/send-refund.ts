/** Sends a refund to WeChat, and stores what WeChat's answers mean. */
import type { OrderView } from '../../core/order/order.ts'
import { mayBeginSend, mayBeUnderWay, mayRepeatSend } from '../../core/order/refund-schedule.ts'
import { findRefund } from '../../core/order/refund-transition.ts'
import { isFinal, type Refund } from '../../core/order/refund.ts'
import { conflictReview } from '../../core/order/reviews.ts'
import type { Deps } from '../../ports/deps.ts'
import type { SendLease } from '../../ports/refund-store.ts'
import type { RefundReply } from '../../ports/wechat.ts'
import { applyEvent } from '../apply-event.ts'
import { openReview } from '../open-review.ts'
import { isRefusal } from './doubtful-refusal.ts'
import { hindranceTo } from './hindrance.ts'
import { queryRefund, recordRefundStatus, type RefundStatus } from './refund-status.ts'
import { reviewWaiting } from './waiting-review.ts'

type SendRefundDeps = Pick<
  Deps,
  'deliverSoon' | 'log' | 'now' | 'orders' | 'refunds' | 'reviews' | 'wechat'
>

/**
 * Sends a refund that WeChat has not accepted yet, with the same number and parameters every time. Safe to
 * call concurrently and again after a crash at any point: only the holder of the lease sends, and WeChat
 * makes one refund however often the message arrives.
 *
 * @param lease The send lease, which the caller holds.
 */
export async function sendRefund(
  deps: SendRefundDeps,
  view: OrderView,
  refund: Refund,
  lease: SendLease,
): Promise<RefundStatus> {
  const { outRefundNo } = refund
  const hindrance = await hindranceTo(deps, view, refund)
  if (hindrance !== undefined) {
    const mayArriveYet = mayBeUnderWay(lease.unansweredAt, deps.now())
    if (hindrance.isFinal)
      return concludeRefusal(deps, view, refund, hindrance, lease, mayArriveYet)
    const after = await withRefusal(deps, view, refund, hindrance, lease)
    return { view: after, kind: hindrance.isAnswered ? 'waiting' : 'unknown' }
  }
  const started = await applyEvent(deps, view, { type: 'refund_started', outRefundNo })
  // The refund must not be sent now: another refund of this payment was started less than a minute ago, a
  // concurrent request has brought this refund to its end, or the lease ends too soon.
  if (!started.ok || !mayBeginSend(lease, deps.now())) {
    await deps.refunds.releaseSendLease(view.order.ordercode, outRefundNo, lease)
    return { view: started.ok ? started.value : view, kind: 'waiting' }
  }

  const reply = await deps.wechat.refund(refund, () => mayRepeatSend(lease, deps.now()))
  logReply(deps, view, refund, reply)
  switch (reply.kind) {
    case 'accepted':
      return recordRefundStatus(deps, started.value, reply.record)
    case 'refused':
    case 'doubtful':
    case 'waiting': {
      const isFinalWord =
        reply.kind === 'refused' ||
        (reply.kind === 'doubtful' && (await isRefusal(deps, started.value, refund)))
      if (!isFinalWord) {
        const after = await withRefusal(deps, started.value, refund, reply, lease)
        return { view: after, kind: 'waiting' }
      }
      const mayArriveYet = reply.isRepetition || mayBeUnderWay(lease.unansweredAt, deps.now())
      return concludeRefusal(deps, started.value, refund, reply, lease, mayArriveYet)
    }
    case 'misconfigured': {
      const after = await withRefusal(deps, started.value, refund, reply, lease)
      await reviewWaiting(deps, findRefund(after, outRefundNo) ?? refund, view.order.ordercode)
      return { view: after, kind: 'misconfigured' }
    }
    case 'unknown':
      await deps.refunds.noteUnanswered(view.order.ordercode, outRefundNo, lease, deps.now())
      return { view: started.value, kind: 'unknown' }
  }
}

/**
 * Takes a refund one step further: sends it if WeChat has
 * not accepted it yet, otherwise queries WeChat about it.
 *
 * @param lease The send lease; undefined when a concurrent sender holds it.
 */
export async function advanceRefund(
  deps: SendRefundDeps,
  view: OrderView,
  refund: Refund,
  lease: SendLease | undefined,
): Promise<RefundStatus> {
  if (isFinal(refund)) return { view, kind: 'known' }
  if (refund.state === 'requested') {
    return lease === undefined ? { view, kind: 'waiting' } : sendRefund(deps, view, refund, lease)
  }
  const asked = await queryRefund(deps, view, refund)
  return asked === 'absent' ? sendAgain(deps, view, refund) : asked
}

/**
 * Sends a refund again that WeChat has accepted before, and does not know now. That is safe: by the same number
 * WeChat finds the refund that exists, or makes it once. A refund that the shop has called off is not sent again.
 */
async function sendAgain(
  deps: SendRefundDeps,
  view: OrderView,
  refund: Refund,
): Promise<RefundStatus> {
  const { ordercode } = view.order
  const { outRefundNo, cancelledAt } = refund
  const lease =
    cancelledAt === undefined
      ? await deps.refunds.acquireSendLease(ordercode, outRefundNo, deps.now())
      : undefined
  if (lease === undefined) return { view, kind: 'unknown' }
  const reply = await deps.wechat.refund(refund, () => mayRepeatSend(lease, deps.now()))
  logReply(deps, view, refund, reply)
  switch (reply.kind) {
    case 'accepted':
      return recordRefundStatus(deps, view, reply.record)
    case 'unknown':
      await deps.refunds.noteUnanswered(ordercode, outRefundNo, lease, deps.now())
      return { view, kind: 'unknown' }
    default: // The refund's amount stays reserved, and its `err_code` shows the operator why.
      return { view: await withRefusal(deps, view, refund, reply, lease), kind: 'unknown' }
  }
}

type Refusal = Readonly<{ errCode: string; errCodeDes: string; isRepetition?: boolean }>

/**
 * Stores a refusal once a query has confirmed it, because a refused refund releases its amount. The refusal
 * alone proves nothing: WeChat may have accepted an earlier try whose answer was lost, and may refuse the
 * repetition because it made the refund the first time.
 *
 * @param mayArriveYet Whether an earlier try may still reach WeChat. If so, a query that finds no refund
 *   proves nothing.
 */
async function concludeRefusal(
  deps: SendRefundDeps,
  view: OrderView,
  refund: Refund,
  refusal: Refusal,
  lease: SendLease,
  mayArriveYet: boolean,
): Promise<RefundStatus> {
  const { outRefundNo } = refund
  const known = await deps.wechat.refundQuery(outRefundNo, refund)
  const record =
    known.kind === 'found'
      ? known.records.find((each) => each.outRefundNo === outRefundNo)
      : undefined
  const isThis =
    record?.transactionId === refund.transactionId && record.refundFee === refund.refundFee
  if (record !== undefined && isThis) return recordRefundStatus(deps, view, record)
  const isAbsent = known.kind === 'absent'
  if (record === undefined && (!isAbsent || mayArriveYet)) {
    const outcome = isAbsent ? 'waiting' : 'unknown'
    return { view: await withRefusal(deps, view, refund, refusal, lease), kind: outcome }
  }
  // Either WeChat has no refund with this number, so the refusal is true. Or WeChat has a different refund
  // with this number, which moved this merchant's money, so a person must look.
  if (record !== undefined) {
    await openReview(deps, conflictReview(record, view.order.ordercode, 'refund_conflict'))
  }
  const { errCode, errCodeDes } = refusal
  const refused = { outRefundNo, errCode, errCodeDes, lease }
  const applied = await applyEvent(deps, view, { type: 'refund_refused', ...refused })
  return applied.ok ? { view: applied.value, kind: 'known' } : { view, kind: 'unknown' }
}

/**
 * Stores why WeChat does not accept a refund yet, and ends the send lease.
 *
 * @returns the order in which the refund has this reason.
 */
async function withRefusal(
  deps: Pick<Deps, 'now' | 'refunds'>,
  view: OrderView,
  { outRefundNo }: Refund,
  { errCode, errCodeDes, isRepetition = false }: Refusal,
  lease: SendLease,
): Promise<OrderView> {
  const unansweredAt = isRepetition ? deps.now() : undefined
  await deps.refunds.noteRefusal(
    view.order.ordercode,
    outRefundNo,
    lease,
    { errCode, errCodeDes },
    unansweredAt,
  )
  const refunds = view.refunds.map((each) =>
    each.outRefundNo === outRefundNo ? { ...each, errCode, errCodeDes } : each,
  )
  return { ...view, refunds }
}

function logReply(
  deps: Pick<Deps, 'log'>,
  view: OrderView,
  refund: Refund,
  reply: RefundReply,
): void {
  deps.log({
    event: 'refund_sent',
    ordercode: view.order.ordercode,
    out_refund_no: refund.outRefundNo,
    outcome: reply.kind,
    ...('errCode' in reply ? { reason: reply.errCode } : {}),
    ...(reply.kind === 'unknown' ? { reason: reply.cause } : {}),
  })
}
