/** Sends a refund to WeChat, queries it, and stores what WeChat's answers mean. */
import type { OrderView } from '../../core/order/order.ts'
import { mayBeUnderWay } from '../../core/order/refund-schedule.ts'
import { recordEvent } from '../../core/order/refund-transition.ts'
import { isFinal, type Refund, type RefundRecord } from '../../core/order/refund.ts'
import { conflictReview } from '../../core/order/reviews.ts'
import { err } from '../../lib/result.ts'
import type { Deps } from '../../ports/deps.ts'
import type { SendLease } from '../../ports/refund-store.ts'
import type { RefundReply } from '../../ports/wechat.ts'
import { applyEvent } from '../apply-event.ts'
import { openReview } from '../open-review.ts'
import { hindranceTo } from './hindrance.ts'

type SendRefundDeps = Pick<
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
    return hindrance.isFinal
      ? concludeRefusal(deps, view, refund, hindrance, mayArriveYet)
      : { view: await withRefusal(deps, view, refund, hindrance), kind: 'waiting' }
  }
  const started = await applyEvent(deps, view, { type: 'refund_started', outRefundNo })
  // The refund must not be sent now: another refund of this payment was started less than a minute ago, or a
  // concurrent request has brought this refund to its end.
  if (!started.ok) {
    await deps.refunds.releaseSendLease(view.order.ordercode, outRefundNo)
    return { view, kind: 'waiting' }
  }

  const reply = await deps.wechat.refund(refund)
  logReply(deps, view, refund, reply)
  switch (reply.kind) {
    case 'accepted':
      return recordRefundStatus(deps, started.value, reply.record)
    case 'refused': {
      const mayArriveYet = reply.isRepetition || mayBeUnderWay(lease.unansweredAt, deps.now())
      return concludeRefusal(deps, started.value, refund, reply, mayArriveYet)
    }
    case 'waiting':
    case 'misconfigured':
      return { view: await withRefusal(deps, started.value, refund, reply), kind: reply.kind }
    case 'unknown':
      await deps.refunds.noteUnanswered(view.order.ordercode, outRefundNo, deps.now())
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
  if (asked !== 'absent') return asked
  // WeChat accepted this refund before, and does not know it now. Sending it again is safe: by the same
  // number WeChat finds the refund that exists, or makes it once.
  const again = await deps.wechat.refund(refund)
  logReply(deps, view, refund, again)
  switch (again.kind) {
    case 'accepted':
      return recordRefundStatus(deps, view, again.record)
    case 'unknown':
      return { view, kind: 'unknown' }
    default: // The refund's amount stays reserved, and its `err_code` shows the operator why.
      return { view: await withRefusal(deps, view, refund, again), kind: 'unknown' }
  }
}

/**
 * Queries WeChat about a refund, and stores the answer.
 *
 * @returns `absent` when WeChat has no refund with this number.
 */
export async function queryRefund(
  deps: SendRefundDeps,
  view: OrderView,
  { outRefundNo }: Refund,
): Promise<RefundStatus | 'absent'> {
  const reply = await deps.wechat.refundQuery(outRefundNo)
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
  deps: SendRefundDeps,
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
  mayArriveYet: boolean,
): Promise<RefundStatus> {
  const { outRefundNo } = refund
  const known = await deps.wechat.refundQuery(outRefundNo)
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
    return { view: await withRefusal(deps, view, refund, refusal), kind: outcome }
  }
  // Either WeChat has no refund with this number, so the refusal is true. Or WeChat has a different refund
  // with this number, which moved this merchant's money, so a person must look.
  if (record !== undefined) {
    await openReview(deps, conflictReview(record, view.order.ordercode, 'refund_conflict'))
  }
  const { errCode, errCodeDes } = refusal
  const event = { type: 'refund_refused', outRefundNo, errCode, errCodeDes } as const
  const applied = await applyEvent(deps, view, event)
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
): Promise<OrderView> {
  const unansweredAt = isRepetition ? deps.now() : undefined
  await deps.refunds.noteRefusal(
    view.order.ordercode,
    outRefundNo,
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
