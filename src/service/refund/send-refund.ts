/** A refund on its way: sent to WeChat, asked about, and what that means written. */
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

type SendRefundDeps = Pick<
  Deps,
  'deliverSoon' | 'log' | 'now' | 'orders' | 'refunds' | 'reviews' | 'wechat'
>

/** What came of it. `view` is the order as it is then. */
export type RefundStatus = Readonly<{
  view: OrderView
  kind: 'known' | 'waiting' | 'unknown' | 'misconfigured'
  /** WeChat's word, where it gave one. */
  status?: RefundRecord['status']
}>

/**
 * Sends a refund that WeChat has not taken on yet, the same number with the same words every time.
 * Safe by several at once and after a crash anywhere: one of them sends, and WeChat makes one refund of
 * whatever arrives.
 *
 * @param lease The caller's.
 */
export async function sendRefund(
  deps: SendRefundDeps,
  view: OrderView,
  refund: Refund,
  lease: SendLease,
): Promise<RefundStatus> {
  const { outRefundNo } = refund
  const started = await applyEvent(deps, view, { type: 'refund_started', outRefundNo })
  // Not its turn yet, or somebody was quicker to bring it to its end.
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

/** Brings a refund on by one step: sends it as long as it is not taken on, and then asks how it stands. */
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
  // Taken on once, and not known now: the same number makes the same refund, or makes it anew.
  const again = await deps.wechat.refund(refund)
  logReply(deps, view, refund, again)
  switch (again.kind) {
    case 'accepted':
      return recordRefundStatus(deps, view, again.record)
    case 'unknown':
      return { view, kind: 'unknown' }
    default: // It stays reserved; a person reads why.
      return { view: await withRefusal(deps, view, refund, again), kind: 'unknown' }
  }
}

/** Asks WeChat how a refund stands. */
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

/** Writes what WeChat says of one refund of the order. */
export async function recordRefundStatus(
  deps: SendRefundDeps,
  view: OrderView,
  record: RefundRecord,
): Promise<RefundStatus> {
  const { ordercode } = view.order
  const event = recordEvent(view, record)
  // Somebody refunds by hand under a number that the shop has used here for another order.
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
  // The money moved all the same. A person knows now; asking again would change nothing.
  await openReview(deps, conflictReview(record, ordercode, reason))
  return { view, kind: 'known' }
}

type Refusal = Readonly<{ errCode: string; errCodeDes: string; isRepetition: boolean }>

/**
 * A refusal gives the amount free, so it must be true: a lost answer to an earlier try may have been
 * "accepted", and a repetition is refused for the very reason that the first one got through.
 *
 * @param mayArriveYet An earlier try may be on its way still, so that a query proves nothing.
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
  // WeChat does not know the number, or knows it for something else, which is money of ours all the same.
  if (record !== undefined) {
    await openReview(deps, conflictReview(record, view.order.ordercode, 'refund_conflict'))
  }
  const { errCode, errCodeDes } = refusal
  const event = { type: 'refund_refused', outRefundNo, errCode, errCodeDes } as const
  const applied = await applyEvent(deps, view, event)
  return applied.ok ? { view: applied.value, kind: 'known' } : { view, kind: 'unknown' }
}

/** Notes why WeChat does not take it yet. @returns the order with that. */
async function withRefusal(
  deps: Pick<Deps, 'now' | 'refunds'>,
  view: OrderView,
  { outRefundNo }: Refund,
  { errCode, errCodeDes, isRepetition }: Refusal,
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
