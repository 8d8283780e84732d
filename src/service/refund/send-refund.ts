/** A refund on its way: sent to WeChat, asked about, and what that means written. */
import type { OrderView } from '../../core/order/order.ts'
import { mayBeUnderWay } from '../../core/order/refund-schedule.ts'
import { recordEvent } from '../../core/order/refund-transition.ts'
import { isFinal, type Refund, type RefundRecord } from '../../core/order/refund.ts'
import { conflictReview } from '../../core/order/reviews.ts'
import { err } from '../../lib/result.ts'
import type { Deps } from '../../ports/deps.ts'
import type { Turn } from '../../ports/refund-store.ts'
import type { RefundReply } from '../../ports/wechat.ts'
import { applyEvent } from '../apply-event.ts'
import { openReview } from '../open-review.ts'

/** What came of it. `view` is the order as it is then. */
export type RefundStanding = Readonly<{
  view: OrderView
  outcome: 'known' | 'waiting' | 'unknown' | 'misconfigured'
  /** WeChat's word, where it gave one. */
  status?: RefundRecord['status']
}>

/**
 * Sends a refund that WeChat has not taken on yet, the same number with the same words every time.
 * Safe by several at once and after a crash anywhere: one of them sends, and WeChat makes one refund of
 * whatever arrives.
 *
 * @param turn The caller's, to send it.
 */
export async function sendRefund(
  deps: Deps,
  view: OrderView,
  refund: Refund,
  turn: Turn,
): Promise<RefundStanding> {
  const { outRefundNo } = refund
  const started = await applyEvent(deps, view, { type: 'refund_started', outRefundNo })
  // Not its turn yet, or somebody was quicker to bring it to its end.
  if (!started.ok) {
    await deps.store.giveUpTurn(outRefundNo)
    return { view, outcome: 'waiting' }
  }

  const reply = await deps.wechat.refund(refund)
  logReply(deps, view, refund, reply)
  switch (reply.kind) {
    case 'accepted':
      return learn(deps, started.value, reply.record)
    case 'refused': {
      const mayArriveYet = reply.isRepetition || mayBeUnderWay(turn.unansweredAt, deps.now())
      return concludeRefusal(deps, started.value, refund, reply, mayArriveYet)
    }
    case 'waiting':
    case 'misconfigured':
      return { view: await noted(deps, started.value, refund, reply), outcome: reply.kind }
    case 'unknown':
      await deps.store.noteUnanswered(outRefundNo, deps.now())
      return { view: started.value, outcome: 'unknown' }
  }
}

/** Brings a refund on by one step: sends it as long as it is not taken on, and then asks how it stands. */
export async function settleRefund(
  deps: Deps,
  view: OrderView,
  refund: Refund,
  turn: Turn | undefined,
): Promise<RefundStanding> {
  if (isFinal(refund)) return { view, outcome: 'known' }
  if (refund.state === 'requested') {
    return turn === undefined ? { view, outcome: 'waiting' } : sendRefund(deps, view, refund, turn)
  }
  const asked = await askRefund(deps, view, refund)
  if (asked !== 'absent') return asked
  // Taken on once, and not known now: the same number makes the same refund, or makes it anew.
  const again = await deps.wechat.refund(refund)
  logReply(deps, view, refund, again)
  switch (again.kind) {
    case 'accepted':
      return learn(deps, view, again.record)
    case 'unknown':
      return { view, outcome: 'unknown' }
    default: // It stays reserved; a person reads why.
      return { view: await noted(deps, view, refund, again), outcome: 'unknown' }
  }
}

/** Asks WeChat how a refund stands. */
export async function askRefund(
  deps: Deps,
  view: OrderView,
  { outRefundNo }: Refund,
): Promise<RefundStanding | 'absent'> {
  const reply = await deps.wechat.refundQuery(outRefundNo)
  if (reply.kind === 'absent') return 'absent'
  const record =
    reply.kind === 'found'
      ? reply.records.find((each) => each.outRefundNo === outRefundNo)
      : undefined
  return record === undefined ? { view, outcome: 'unknown' } : learn(deps, view, record)
}

/** Writes what WeChat says of one refund of the order. */
export async function learn(
  deps: Deps,
  view: OrderView,
  record: RefundRecord,
): Promise<RefundStanding> {
  const { ordercode } = view.order
  const event = recordEvent(view, record)
  // Somebody refunds by hand under a number that the shop has used here for another order.
  const owner =
    event.type === 'refund_discovered'
      ? await deps.store.ordercodeOfRefund(record.outRefundNo)
      : ordercode
  const applied =
    owner === undefined || owner === ordercode
      ? await applyEvent(deps, view, event)
      : err({ reason: 'refund_conflict' } as const)
  const { status } = record
  if (applied.ok) return { view: applied.value, outcome: 'known', status }
  const { reason } = applied.error
  deps.log({
    event: 'refund_not_booked',
    ordercode,
    out_refund_no: record.outRefundNo,
    reason,
  })
  if (reason === 'contended' || reason === 'illegal_transition') return { view, outcome: 'unknown' }
  // The money moved all the same. A person knows now; asking again would change nothing.
  await openReview(deps, conflictReview(record, ordercode, reason))
  return { view, outcome: 'known' }
}

type Refusal = Readonly<{ errCode: string; errCodeDes: string; isRepetition: boolean }>

/**
 * A refusal gives the amount free, so it must be true: a lost answer to an earlier try may have been
 * "accepted", and a repetition is refused for the very reason that the first one got through.
 *
 * @param mayArriveYet An earlier try may be on its way still, so that a query proves nothing.
 */
async function concludeRefusal(
  deps: Deps,
  view: OrderView,
  refund: Refund,
  refusal: Refusal,
  mayArriveYet: boolean,
): Promise<RefundStanding> {
  const { outRefundNo } = refund
  const known = await deps.wechat.refundQuery(outRefundNo)
  const record =
    known.kind === 'found'
      ? known.records.find((each) => each.outRefundNo === outRefundNo)
      : undefined
  const isThis =
    record?.transactionId === refund.transactionId && record.refundFee === refund.refundFee
  if (record !== undefined && isThis) return learn(deps, view, record)
  const isAbsent = known.kind === 'absent'
  if (record === undefined && (!isAbsent || mayArriveYet)) {
    const outcome = isAbsent ? 'waiting' : 'unknown'
    return { view: await noted(deps, view, refund, refusal), outcome }
  }
  // WeChat does not know the number, or knows it for something else, which is money of ours all the same.
  if (record !== undefined) {
    await openReview(deps, conflictReview(record, view.order.ordercode, 'refund_conflict'))
  }
  const { errCode, errCodeDes } = refusal
  const event = { type: 'refund_refused', outRefundNo, errCode, errCodeDes } as const
  const applied = await applyEvent(deps, view, event)
  return applied.ok ? { view: applied.value, outcome: 'known' } : { view, outcome: 'unknown' }
}

/** Notes why WeChat does not take it yet. @returns the order with that. */
async function noted(
  deps: Deps,
  view: OrderView,
  { outRefundNo }: Refund,
  { errCode, errCodeDes, isRepetition }: Refusal,
): Promise<OrderView> {
  const unansweredAt = isRepetition ? deps.now() : undefined
  await deps.store.noteRefusal(outRefundNo, { errCode, errCodeDes }, unansweredAt)
  const refunds = view.refunds.map((each) =>
    each.outRefundNo === outRefundNo ? { ...each, errCode, errCodeDes } : each,
  )
  return { ...view, refunds }
}

function logReply(deps: Deps, view: OrderView, refund: Refund, reply: RefundReply): void {
  deps.log({
    event: 'refund_sent',
    ordercode: view.order.ordercode,
    out_refund_no: refund.outRefundNo,
    outcome: reply.kind,
    ...('errCode' in reply ? { reason: reply.errCode } : {}),
    ...(reply.kind === 'unknown' ? { reason: reply.cause } : {}),
  })
}
